import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { readFluxConfig } from '../models/flux-config.ts';
import { readSd3Config, SD3_CLASS } from '../models/sd3-config.ts';
import type { PromptNotices } from '../pipeline/pipeline.ts';
import { PIPELINE_PARTS } from '../pipeline/pipeline-parts.ts';
import type { TextEmbeddings, TextEncoders } from '../text/text-encoders.ts';
import type { TextLength, TextTokenizers } from '../text/text-tokenizers.ts';
import { normals, type Synthetic, seedOf } from './synthetic-tensors.ts';

/** As the families' own pipelines have it by default: T5's 512; CLIP's 77 and T5's 256 side by side. */
const TEXT_TOKENS = { flux: 512, sd3: 77 + 256 } as const;

/** Throws CheckpointError. */
export async function syntheticTextTokens(checkpoint: Checkpoint, { textTokens }: TextLength = {}): Promise<number> {
  return textTokens ?? TEXT_TOKENS[PIPELINE_PARTS[checkpoint.pipelineClass]?.family ?? 'flux'];
}

/** Stands where tokenizers would: every prompt is read whole. */
export class SyntheticTokenizers implements TextTokenizers {
  readonly textTokens: number;

  private constructor(textTokens: number) {
    this.textTokens = textTokens;
  }

  static async open(checkpoint: Checkpoint, length: TextLength = {}): Promise<SyntheticTokenizers> {
    return new SyntheticTokenizers(await syntheticTextTokens(checkpoint, length));
  }

  inspect(): PromptNotices {
    return { ignoredWords: [], reads: [] };
  }

  tokenIds(): Record<string, never> {
    return {};
  }
}

/** Stands where text encoders would: every prompt has numbers of its own, of the shape that the transformer takes. */
export class SyntheticTextEncoders implements TextEncoders {
  readonly tokenizers: SyntheticTokenizers;
  readonly #contextDim: number;
  readonly #pooledDim: number;
  readonly #synthetic: Synthetic;

  private constructor(tokenizers: SyntheticTokenizers, contextDim: number, pooledDim: number, synthetic: Synthetic) {
    this.tokenizers = tokenizers;
    this.#contextDim = contextDim;
    this.#pooledDim = pooledDim;
    this.#synthetic = synthetic;
  }

  /** `checkpoint` is a synthetic one. Throws CheckpointError. */
  static async open(checkpoint: Checkpoint, length: TextLength = {}): Promise<SyntheticTextEncoders> {
    const transformer = await checkpoint.config('transformer');
    const isSd3 = transformer.className === SD3_CLASS;
    const { contextChannels, pooledChannels } = isSd3 ? readSd3Config(transformer) : readFluxConfig(transformer);
    const tokenizers = await SyntheticTokenizers.open(checkpoint, length);
    return new SyntheticTextEncoders(tokenizers, contextChannels, pooledChannels, checkpoint.synthetic!);
  }

  async encode(prompts: readonly string[]): Promise<TextEmbeddings> {
    const [contextDim, pooledDim, { textTokens }] = [this.#contextDim, this.#pooledDim, this.tokenizers];
    const [perContext, context] = [textTokens * contextDim, new Float32Array(prompts.length * textTokens * contextDim)];
    const pooled = new Float32Array(prompts.length * pooledDim);
    for (const [n, prompt] of prompts.entries()) {
      const seed = seedOf(this.#synthetic.seed, `prompt ${prompt}`);
      context.set(normals(perContext, { std: 1, seed }), n * perContext);
      pooled.set(normals(pooledDim, { std: 1, seed: seed + 1 }), n * pooledDim);
    }
    return { context, textTokens, contextDim, pooled, pooledDim };
  }

  async close(): Promise<void> {}
}
