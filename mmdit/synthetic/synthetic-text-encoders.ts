import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { TextEmbeddings, TextEncoderOptions, TextEncoders } from '../text/text-encoders.ts';
import { normals, type Synthetic, seedOf } from './synthetic-tensors.ts';

/** T5's text length in FLUX.1-dev and, with CLIP's 77 beside it, about SD3's. */
const TEXT_TOKENS = 512;

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
    { textTokens = TEXT_TOKENS }: TextEncoderOptions = {},
  ): Promise<SyntheticTextEncoders> {
    const { config } = await checkpoint.component('transformer');
    const [context, pooled] = [config.joint_attention_dim, config.pooled_projection_dim];
    // The transformer's own reader refuses anything else, with better words.
    return new SyntheticTextEncoders(textTokens, Number(context), Number(pooled), synthetic);
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

  inspect(): { ignoredWords: string[]; cutTokens: number } {
    return { ignoredWords: [], cutTokens: 0 };
  }

  async close(): Promise<void> {}
}
