import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import { OnnxExecution } from '../onnx/onnx-execution.ts';
import type { PromptNotices } from '../pipeline/pipeline.ts';
import { readClipConfig } from './clip-config.ts';
import { ClipTextEncoder } from './clip-text-encoder.ts';
import type { Embedding } from './embedding.ts';
import { EmbeddingFolder } from './embedding-folder.ts';
import { joined } from './joined.ts';
import { KeptEmbeddings } from './kept-embeddings.ts';
import { PromptTokenizer } from './prompt-tokenizer.ts';
import { T5TextEncoder } from './t5-text-encoder.ts';
import type { TextEmbeddings, TextEncoderOptions, TextEncoders } from './text-encoders.ts';

/** `max_sequence_length` of diffusers' FluxPipeline, which also bounds it. */
const MAX_TEXT_TOKENS = 512;

/** FLUX: T5's last hidden state as context, CLIP's pooled output beside it. diffusers, FluxPipeline.encode_prompt. */
export class FluxTextEncoders implements TextEncoders {
  readonly #clipTokenizer: PromptTokenizer;
  readonly #t5Tokenizer: PromptTokenizer;
  readonly #clip: ClipTextEncoder;
  readonly #t5: T5TextEncoder;
  readonly #kept: KeptEmbeddings;

  private constructor(
    clipTokenizer: PromptTokenizer,
    t5Tokenizer: PromptTokenizer,
    clip: ClipTextEncoder,
    t5: T5TextEncoder,
    folder: EmbeddingFolder,
    execution: OnnxExecution,
  ) {
    this.#clipTokenizer = clipTokenizer;
    this.#t5Tokenizer = t5Tokenizer;
    this.#clip = clip;
    this.#t5 = t5;
    const lengths = { context: t5.tokens * t5.config.channels, pooled: clip.config.channels };
    this.#kept = new KeptEmbeddings(folder, lengths, async () =>
      JSON.stringify(['flux', await execution.arithmetic(), await clip.identity(), await t5.identity()]),
    );
  }

  static async open(checkpoint: Checkpoint, options: TextEncoderOptions): Promise<FluxTextEncoders> {
    const { textTokens, embeddings = EmbeddingFolder.inHome(), execution = new OnnxExecution() } = options;
    if (
      textTokens !== undefined &&
      !(Number.isInteger(textTokens) && textTokens > 0 && textTokens <= MAX_TEXT_TOKENS)
    ) {
      throw new RangeError(`textTokens must be a whole number from 1 to ${MAX_TEXT_TOKENS}, got ${textTokens}`);
    }
    const clipComponent = await checkpoint.component('text_encoder');
    const clipMax = readClipConfig(clipComponent).maxTokens;
    const clipTokenizer = await PromptTokenizer.open(await checkpoint.folderOf('tokenizer'), (length) => {
      const tokens = length ?? clipMax;
      if (tokens <= clipMax) return tokens;
      throw new CheckpointError(
        clipComponent.configFile,
        `max_position_embeddings is ${clipMax}, but the tokenizer's model_max_length is ${tokens}`,
      );
    });
    const t5Tokenizer = await PromptTokenizer.open(
      await checkpoint.folderOf('tokenizer_2'),
      (length) => textTokens ?? Math.min(length ?? MAX_TEXT_TOKENS, MAX_TEXT_TOKENS),
    );
    return new FluxTextEncoders(
      clipTokenizer,
      t5Tokenizer,
      await ClipTextEncoder.open(clipComponent, clipTokenizer.tokens, execution),
      await T5TextEncoder.open(await checkpoint.component('text_encoder_2'), t5Tokenizer.tokens, execution),
      embeddings,
      execution,
    );
  }

  get textTokens(): number {
    return this.#t5Tokenizer.tokens;
  }

  async encode(prompts: readonly string[], signal?: AbortSignal): Promise<TextEmbeddings> {
    const embeddings: Embedding[] = [];
    for (const prompt of prompts) embeddings.push(await this.#embed(prompt, signal));
    return {
      context: joined(embeddings.map(({ context }) => context)),
      textTokens: this.textTokens,
      contextDim: this.#t5.config.channels,
      pooled: joined(embeddings.map(({ pooled }) => pooled)),
      pooledDim: this.#clip.config.channels,
    };
  }

  inspect(prompt: string): PromptNotices {
    const unknownToClip = new Set(this.#clipTokenizer.ignoredWords(prompt));
    return {
      ignoredWords: this.#t5Tokenizer.ignoredWords(prompt).filter((word) => unknownToClip.has(word)),
      reads: [
        { encoder: 'CLIP', ...this.#clipTokenizer.reads(prompt) },
        { encoder: 'T5', ...this.#t5Tokenizer.reads(prompt) },
      ],
    };
  }

  tokenIds(prompt: string): Readonly<Record<string, readonly number[]>> {
    return { tokenizer: this.#clipTokenizer.encode(prompt).ids, tokenizer_2: this.#t5Tokenizer.encode(prompt).ids };
  }

  async close(): Promise<void> {
    this.#kept.clear();
    await Promise.all([this.#clip.close(), this.#t5.close()]);
  }

  async #embed(prompt: string, signal: AbortSignal | undefined): Promise<Embedding> {
    signal?.throwIfAborted();
    const [clipIds, t5Ids] = [this.#clipTokenizer.encode(prompt).ids, this.#t5Tokenizer.encode(prompt).ids];
    return this.#kept.get([clipIds, t5Ids], async () => {
      const { pooled } = await this.#clip.encode(clipIds, signal);
      return { context: await this.#t5.encode(t5Ids, signal), pooled };
    });
  }
}
