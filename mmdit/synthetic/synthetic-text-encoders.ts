import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { readFluxConfig } from '../models/flux-config.ts';
import { readSd3Config, SD3_CLASS } from '../models/sd3-config.ts';
import type { PromptNotices } from '../pipeline/pipeline.ts';
import type { TextEmbeddings, TextEncoderOptions, TextEncoders } from '../text/text-encoders.ts';
import { normals, type Synthetic, seedOf } from './synthetic-tensors.ts';

/** As the families' own pipelines have it by default: T5's 512; CLIP's 77 and T5's 256 side by side. */
const TEXT_TOKENS = { flux: 512, sd3: 77 + 256 } as const;

/** Stands where text encoders would: every prompt has numbers of its own, of the shape that the transformer takes. */
export class SyntheticTextEncoders implements TextEncoders {
  readonly textTokens: number;
  readonly #contextDim: number;
  readonly #pooledDim: number;
  readonly #synthetic: Synthetic;

  private constructor(textTokens: number, contextDim: number, pooledDim: number, synthetic: Synthetic) {
    this.textTokens = textTokens;
    this.#contextDim = contextDim;
    this.#pooledDim = pooledDim;
    this.#synthetic = synthetic;
  }

  static async open(
    checkpoint: Checkpoint,
    synthetic: Synthetic,
    { textTokens }: TextEncoderOptions = {},
  ): Promise<SyntheticTextEncoders> {
    const transformer = await checkpoint.component('transformer');
    const isSd3 = transformer.className === SD3_CLASS;
    const { contextChannels, pooledChannels } = isSd3 ? readSd3Config(transformer) : readFluxConfig(transformer);
    const tokens = textTokens ?? TEXT_TOKENS[isSd3 ? 'sd3' : 'flux'];
    return new SyntheticTextEncoders(tokens, contextChannels, pooledChannels, synthetic);
  }

  async encode(prompts: readonly string[]): Promise<TextEmbeddings> {
    const [contextDim, pooledDim, { textTokens }] = [this.#contextDim, this.#pooledDim, this];
    const [perContext, context] = [textTokens * contextDim, new Float32Array(prompts.length * textTokens * contextDim)];
    const pooled = new Float32Array(prompts.length * pooledDim);
    for (const [n, prompt] of prompts.entries()) {
      const seed = seedOf(this.#synthetic.seed, `prompt ${prompt}`);
      context.set(normals(perContext, { std: 1, seed }), n * perContext);
      pooled.set(normals(pooledDim, { std: 1, seed: seed + 1 }), n * pooledDim);
    }
    return { context, textTokens, contextDim, pooled, pooledDim };
  }

  inspect(): PromptNotices {
    return { ignoredWords: [], reads: [] };
  }

  tokenIds(): Record<string, never> {
    return {};
  }

  async close(): Promise<void> {}
}
