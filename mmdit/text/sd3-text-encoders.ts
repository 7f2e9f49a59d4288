import path from 'node:path';
import { z } from 'zod';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import { readJson } from '../checkpoint/read-json.ts';
import { OnnxExecution } from '../onnx/onnx-execution.ts';
import type { PromptNotices } from '../pipeline/pipeline.ts';
import { readClipConfig } from './clip-config.ts';
import { ClipTextEncoder } from './clip-text-encoder.ts';
import type { Embedding } from './embedding.ts';
import { EmbeddingFolder } from './embedding-folder.ts';
import { joined } from './joined.ts';
import { KeptEmbeddings, type TokenIds } from './kept-embeddings.ts';
import { PromptTokenizer } from './prompt-tokenizer.ts';
import { T5TextEncoder } from './t5-text-encoder.ts';
import type { TextEmbeddings, TextEncoderOptions, TextEncoders } from './text-encoders.ts';

/** `max_sequence_length` of diffusers' StableDiffusion3Pipeline for T5, and what bounds it. */
const T5_TOKENS = 256;
const MAX_T5_TOKENS = 512;

interface Clip {
  readonly tokenizer: PromptTokenizer;
  readonly encoder: ClipTextEncoder;
  readonly projection: number;
}

interface T5 {
  readonly tokenizer: PromptTokenizer;
  readonly encoder: T5TextEncoder;
}

/**
 * SD3: the penultimate states of both CLIPs side by side, padded to T5's width, over T5's last hidden state; both
 * projections as pooled vector. A checkpoint without T5 has zeros in its place. diffusers,
 * StableDiffusion3Pipeline.encode_prompt.
 */
export class Sd3TextEncoders implements TextEncoders {
  readonly #clips: readonly [Clip, Clip];
  /** null where the checkpoint leaves T5 out. */
  readonly #t5: T5 | null;
  readonly #t5Tokens: number;
  readonly #width: number;
  readonly #kept: KeptEmbeddings;

  private constructor(
    clips: readonly [Clip, Clip],
    t5: T5 | null,
    t5Tokens: number,
    width: number,
    folder: EmbeddingFolder,
    execution: OnnxExecution,
  ) {
    this.#clips = clips;
    this.#t5 = t5;
    this.#t5Tokens = t5Tokens;
    this.#width = width;
    const lengths = { context: this.textTokens * width, pooled: clips[0].projection + clips[1].projection };
    this.#kept = new KeptEmbeddings(folder, lengths, async () => {
      const parts = await Promise.all(this.#encoders.map(({ encoder }) => encoder.identity()));
      return JSON.stringify(['sd3', await execution.arithmetic(), t5Tokens, width, ...parts]);
    });
  }

  static async open(checkpoint: Checkpoint, options: TextEncoderOptions): Promise<Sd3TextEncoders> {
    const { textTokens = T5_TOKENS, embeddings = EmbeddingFolder.inHome(), execution = new OnnxExecution() } = options;
    if (!(Number.isInteger(textTokens) && textTokens > 0 && textTokens <= MAX_T5_TOKENS)) {
      throw new RangeError(`textTokens must be a whole number from 1 to ${MAX_T5_TOKENS}, got ${textTokens}`);
    }
    const clips = [await openClip(checkpoint, '', execution), await openClip(checkpoint, '_2', execution)] as const;
    if (clips[0].tokenizer.tokens !== clips[1].tokenizer.tokens) {
      throw new CheckpointError(
        checkpoint.folder,
        `has CLIP tokenizers of ${clips[0].tokenizer.tokens} and ${clips[1].tokenizer.tokens} tokens; SD3 puts them side by side`,
      );
    }
    const t5 = checkpoint.components.has('text_encoder_3') ? await openT5(checkpoint, textTokens, execution) : null;
    const width = t5 ? t5.encoder.config.channels : await contextWidth(checkpoint);
    const clipWidth = clips[0].encoder.config.channels + clips[1].encoder.config.channels;
    if (clipWidth > width) {
      throw new CheckpointError(
        checkpoint.folder,
        `has CLIPs of ${clipWidth} channels, more than the context's ${width}`,
      );
    }
    return new Sd3TextEncoders(clips, t5, textTokens, width, embeddings, execution);
  }

  get textTokens(): number {
    return this.#clips[0].tokenizer.tokens + this.#t5Tokens;
  }

  async encode(prompts: readonly string[], signal?: AbortSignal): Promise<TextEmbeddings> {
    const embeddings: Embedding[] = [];
    for (const prompt of prompts) embeddings.push(await this.#embed(prompt, signal));
    return {
      context: joined(embeddings.map(({ context }) => context)),
      textTokens: this.textTokens,
      contextDim: this.#width,
      pooled: joined(embeddings.map(({ pooled }) => pooled)),
      pooledDim: embeddings[0]?.pooled.length ?? 0,
    };
  }

  /** A word counts as ignored where no tokenizer knows it; of the CLIPs the one counts that reads less. */
  inspect(prompt: string): PromptNotices {
    const tokenizers = this.#encoders.map(({ tokenizer }) => tokenizer);
    const [first, ...others] = tokenizers.map((tokenizer) => tokenizer.ignoredWords(prompt));
    return {
      ignoredWords: (first ?? []).filter((word) => others.every((words) => words.includes(word))),
      reads: [
        { encoder: 'CLIP', ...leastOf(this.#clips.map(({ tokenizer }) => tokenizer.reads(prompt))) },
        ...(this.#t5 ? [{ encoder: 'T5' as const, ...this.#t5.tokenizer.reads(prompt) }] : []),
      ],
    };
  }

  tokenIds(prompt: string): Readonly<Record<string, readonly number[]>> {
    const [first, second] = this.#clips.map(({ tokenizer }) => tokenizer.encode(prompt).ids);
    const third = this.#t5?.tokenizer.encode(prompt).ids;
    return { tokenizer: first!, tokenizer_2: second!, ...(third && { tokenizer_3: third }) };
  }

  async close(): Promise<void> {
    this.#kept.clear();
    await Promise.all(this.#encoders.map(({ encoder }) => encoder.close()));
  }

  get #encoders(): readonly (Clip | T5)[] {
    return this.#t5 ? [...this.#clips, this.#t5] : this.#clips;
  }

  async #embed(prompt: string, signal: AbortSignal | undefined): Promise<Embedding> {
    signal?.throwIfAborted();
    const ids = this.#encoders.map(({ tokenizer }) => tokenizer.encode(prompt).ids);
    return this.#kept.get(ids, () => this.#compute(ids, signal));
  }

  async #compute(ids: TokenIds, signal: AbortSignal | undefined): Promise<Embedding> {
    const context = new Float32Array(this.textTokens * this.#width);
    const pooled: Float32Array[] = [];
    let column = 0;
    for (const [index, { tokenizer, encoder }] of this.#clips.entries()) {
      const { penultimate, textEmbed } = await encoder.encode(ids[index]!, signal);
      const { channels } = encoder.config;
      for (let row = 0; row < tokenizer.tokens; row++) {
        context.set(penultimate.subarray(row * channels, (row + 1) * channels), row * this.#width + column);
      }
      column += channels;
      pooled.push(textEmbed!);
    }
    if (this.#t5) {
      const state = await this.#t5.encoder.encode(ids[this.#clips.length]!, signal);
      context.set(state, this.#clips[0].tokenizer.tokens * this.#width);
    }
    return { context, pooled: joined(pooled) };
  }
}

function leastOf<Reads extends { readonly readTokens: number; readonly promptTokens: number }>(all: readonly Reads[]) {
  const cut = ({ readTokens, promptTokens }: Reads) => promptTokens - readTokens;
  return all.reduce((least, reads) => (cut(reads) > cut(least) ? reads : least));
}

async function openClip(checkpoint: Checkpoint, suffix: '' | '_2', execution: OnnxExecution): Promise<Clip> {
  const component = await checkpoint.component(`text_encoder${suffix}`);
  const { maxTokens, projection } = readClipConfig(component);
  if (projection === null) {
    throw new CheckpointError(component.configFile, 'describes a CLIPTextModel; SD3 needs CLIPTextModelWithProjection');
  }
  const tokenizer = await PromptTokenizer.open(await checkpoint.folderOf(`tokenizer${suffix}`), (length) =>
    Math.min(length ?? maxTokens, maxTokens),
  );
  return { tokenizer, projection, encoder: await ClipTextEncoder.open(component, tokenizer.tokens, execution) };
}

async function openT5(checkpoint: Checkpoint, tokens: number, execution: OnnxExecution): Promise<T5> {
  const tokenizer = await PromptTokenizer.open(await checkpoint.folderOf('tokenizer_3'), () => tokens);
  const component = await checkpoint.component('text_encoder_3');
  return { tokenizer, encoder: await T5TextEncoder.open(component, tokens, execution) };
}

/** Without T5 the transformer says how wide its context is. */
async function contextWidth(checkpoint: Checkpoint): Promise<number> {
  const schema = z.object({ joint_attention_dim: z.number().int().positive() });
  const file = path.join(await checkpoint.folderOf('transformer'), 'config.json');
  return (await readJson(file, schema)).joint_attention_dim;
}
