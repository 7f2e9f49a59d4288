import path from 'node:path';
import { z } from 'zod';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import { readJson } from '../checkpoint/read-json.ts';
import { OnnxExecution } from '../onnx/onnx-execution.ts';
import { readClipConfig } from './clip-config.ts';
import { ClipTextEncoder } from './clip-text-encoder.ts';
import type { Embedding } from './embedding.ts';
import { EmbeddingFolder } from './embedding-folder.ts';
import { joined } from './joined.ts';
import { KeptEmbeddings, type TokenIds } from './kept-embeddings.ts';
import { Sd3Tokenizers } from './sd3-tokenizers.ts';
import { T5TextEncoder } from './t5-text-encoder.ts';
import type { TextEmbeddings, TextEncoderOptions, TextEncoders } from './text-encoders.ts';

interface Clip {
  readonly encoder: ClipTextEncoder;
  readonly projection: number;
}

/**
 * SD3: the penultimate states of both CLIPs side by side, padded to T5's width, over T5's last hidden state; both
 * projections as pooled vector. A checkpoint without T5 has zeros in its place. diffusers,
 * StableDiffusion3Pipeline.encode_prompt.
 */
export class Sd3TextEncoders implements TextEncoders {
  readonly tokenizers: Sd3Tokenizers;
  readonly #clips: readonly [Clip, Clip];
  /** null where the checkpoint leaves T5 out. */
  readonly #t5: T5TextEncoder | null;
  readonly #width: number;
  readonly #kept: KeptEmbeddings;

  private constructor(
    tokenizers: Sd3Tokenizers,
    clips: readonly [Clip, Clip],
    t5: T5TextEncoder | null,
    width: number,
    folder: EmbeddingFolder,
    execution: OnnxExecution,
  ) {
    this.tokenizers = tokenizers;
    this.#clips = clips;
    this.#t5 = t5;
    this.#width = width;
    const lengths = { context: tokenizers.textTokens * width, pooled: clips[0].projection + clips[1].projection };
    this.#kept = new KeptEmbeddings(folder, lengths, async () => {
      const parts = await Promise.all(this.#encoders.map((encoder) => encoder.identity()));
      return JSON.stringify(['sd3', await execution.arithmetic(), tokenizers.t5Tokens, width, ...parts]);
    });
  }

  static async open(checkpoint: Checkpoint, options: TextEncoderOptions): Promise<Sd3TextEncoders> {
    const { embeddings = EmbeddingFolder.inHome(), execution = new OnnxExecution() } = options;
    const tokenizers = await Sd3Tokenizers.open(checkpoint, options);
    const { tokens } = tokenizers.clips[0];
    const clips = [
      await openClip(checkpoint, '', tokens, execution),
      await openClip(checkpoint, '_2', tokens, execution),
    ] as const;
    const t5 = tokenizers.t5
      ? await T5TextEncoder.open(await checkpoint.component('text_encoder_3'), tokenizers.t5.tokens, execution)
      : null;
    const width = t5 ? t5.config.channels : await contextWidth(checkpoint);
    const clipWidth = clips[0].encoder.config.channels + clips[1].encoder.config.channels;
    if (clipWidth > width) {
      throw new CheckpointError(
        checkpoint.folder,
        `has CLIPs of ${clipWidth} channels, more than the context's ${width}`,
      );
    }
    return new Sd3TextEncoders(tokenizers, clips, t5, width, embeddings, execution);
  }

  async encode(prompts: readonly string[], signal?: AbortSignal): Promise<TextEmbeddings> {
    const embeddings: Embedding[] = [];
    for (const prompt of prompts) embeddings.push(await this.#embed(prompt, signal));
    return {
      context: joined(embeddings.map(({ context }) => context)),
      textTokens: this.tokenizers.textTokens,
      contextDim: this.#width,
      pooled: joined(embeddings.map(({ pooled }) => pooled)),
      pooledDim: embeddings[0]?.pooled.length ?? 0,
    };
  }

  async close(): Promise<void> {
    this.#kept.clear();
    await Promise.all(this.#encoders.map((encoder) => encoder.close()));
  }

  get #encoders(): readonly (ClipTextEncoder | T5TextEncoder)[] {
    const clips = this.#clips.map(({ encoder }) => encoder);
    return this.#t5 ? [...clips, this.#t5] : clips;
  }

  async #embed(prompt: string, signal: AbortSignal | undefined): Promise<Embedding> {
    signal?.throwIfAborted();
    const ids = this.tokenizers.all.map((tokenizer) => tokenizer.encode(prompt).ids);
    return this.#kept.get(ids, () => this.#compute(ids, signal));
  }

  async #compute(ids: TokenIds, signal: AbortSignal | undefined): Promise<Embedding> {
    const context = new Float32Array(this.tokenizers.textTokens * this.#width);
    const pooled: Float32Array[] = [];
    let column = 0;
    for (const [index, { encoder }] of this.#clips.entries()) {
      const { penultimate, textEmbed } = await encoder.encode(ids[index]!, signal);
      const { channels } = encoder.config;
      for (let row = 0; row < encoder.tokens; row++) {
        context.set(penultimate.subarray(row * channels, (row + 1) * channels), row * this.#width + column);
      }
      column += channels;
      pooled.push(textEmbed!);
    }
    if (this.#t5) {
      const state = await this.#t5.encode(ids[this.#clips.length]!, signal);
      context.set(state, this.#clips[0].encoder.tokens * this.#width);
    }
    return { context, pooled: joined(pooled) };
  }
}

async function openClip(
  checkpoint: Checkpoint,
  suffix: '' | '_2',
  tokens: number,
  execution: OnnxExecution,
): Promise<Clip> {
  const component = await checkpoint.component(`text_encoder${suffix}`);
  const { projection } = readClipConfig(component);
  if (projection === null) {
    throw new CheckpointError(component.configFile, 'describes a CLIPTextModel; SD3 needs CLIPTextModelWithProjection');
  }
  return { projection, encoder: await ClipTextEncoder.open(component, tokens, execution) };
}

/** Without T5 the transformer says how wide its context is. */
async function contextWidth(checkpoint: Checkpoint): Promise<number> {
  const schema = z.object({ joint_attention_dim: z.number().int().positive() });
  const file = path.join(await checkpoint.folderOf('transformer'), 'config.json');
  return (await readJson(file, schema)).joint_attention_dim;
}
