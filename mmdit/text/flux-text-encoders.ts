import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { OnnxExecution } from '../onnx/onnx-execution.ts';
import { ClipTextEncoder } from './clip-text-encoder.ts';
import type { Embedding } from './embedding.ts';
import { EmbeddingFolder } from './embedding-folder.ts';
import { FluxTokenizers } from './flux-tokenizers.ts';
import { joined } from './joined.ts';
import { KeptEmbeddings } from './kept-embeddings.ts';
import { T5TextEncoder } from './t5-text-encoder.ts';
import type { TextEmbeddings, TextEncoderOptions, TextEncoders } from './text-encoders.ts';

/** FLUX: T5's last hidden state as context, CLIP's pooled output beside it. diffusers, FluxPipeline.encode_prompt. */
export class FluxTextEncoders implements TextEncoders {
  readonly tokenizers: FluxTokenizers;
  readonly #clip: ClipTextEncoder;
  readonly #t5: T5TextEncoder;
  readonly #kept: KeptEmbeddings;

  private constructor(
    tokenizers: FluxTokenizers,
    clip: ClipTextEncoder,
    t5: T5TextEncoder,
    folder: EmbeddingFolder,
    execution: OnnxExecution,
  ) {
    this.tokenizers = tokenizers;
    this.#clip = clip;
    this.#t5 = t5;
    const lengths = { context: t5.tokens * t5.config.channels, pooled: clip.config.channels };
    this.#kept = new KeptEmbeddings(folder, lengths, async () =>
      JSON.stringify(['flux', await execution.arithmetic(), await clip.identity(), await t5.identity()]),
    );
  }

  static async open(checkpoint: Checkpoint, options: TextEncoderOptions): Promise<FluxTextEncoders> {
    const { embeddings = EmbeddingFolder.inHome(), execution = new OnnxExecution() } = options;
    const tokenizers = await FluxTokenizers.open(checkpoint, options);
    return new FluxTextEncoders(
      tokenizers,
      await ClipTextEncoder.open(await checkpoint.component('text_encoder'), tokenizers.clip.tokens, execution),
      await T5TextEncoder.open(await checkpoint.component('text_encoder_2'), tokenizers.t5.tokens, execution),
      embeddings,
      execution,
    );
  }

  async encode(prompts: readonly string[], signal?: AbortSignal): Promise<TextEmbeddings> {
    const embeddings: Embedding[] = [];
    for (const prompt of prompts) embeddings.push(await this.#embed(prompt, signal));
    return {
      context: joined(embeddings.map(({ context }) => context)),
      textTokens: this.tokenizers.textTokens,
      contextDim: this.#t5.config.channels,
      pooled: joined(embeddings.map(({ pooled }) => pooled)),
      pooledDim: this.#clip.config.channels,
    };
  }

  async close(): Promise<void> {
    this.#kept.clear();
    await Promise.all([this.#clip.close(), this.#t5.close()]);
  }

  async #embed(prompt: string, signal: AbortSignal | undefined): Promise<Embedding> {
    signal?.throwIfAborted();
    const { clip, t5 } = this.tokenizers;
    const [clipIds, t5Ids] = [clip.encode(prompt).ids, t5.encode(prompt).ids];
    return this.#kept.get([clipIds, t5Ids], async () => {
      const { pooled } = await this.#clip.encode(clipIds, signal);
      return { context: await this.#t5.encode(t5Ids, signal), pooled };
    });
  }
}
