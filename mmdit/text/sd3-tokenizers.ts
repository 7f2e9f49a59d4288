import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { PromptNotices } from '../pipeline/pipeline.ts';
import { readClipConfig } from './clip-config.ts';
import { PromptTokenizer } from './prompt-tokenizer.ts';
import type { TextLength, TextTokenizers } from './text-tokenizers.ts';
import { readModelMaxLength } from './tokenizer-files.ts';

/** `max_sequence_length` of diffusers' StableDiffusion3Pipeline for T5, and what bounds it. */
const T5_TOKENS = 256;
const MAX_T5_TOKENS = 512;

/** Tokens of SD3's context: CLIP's beside T5's, which count without T5 too. Throws CheckpointError, RangeError. */
export async function sd3TextTokens(checkpoint: Checkpoint, { textTokens }: TextLength): Promise<number> {
  const { maxTokens } = readClipConfig(await checkpoint.config('text_encoder'));
  return clipTokens(await readModelMaxLength(await checkpoint.folderOf('tokenizer')), maxTokens) + t5Tokens(textTokens);
}

/** Both CLIPs' and T5's, as SD3's pipeline uses them. */
export class Sd3Tokenizers implements TextTokenizers {
  readonly clips: readonly [PromptTokenizer, PromptTokenizer];
  /** null where the checkpoint leaves T5 out. */
  readonly t5: PromptTokenizer | null;
  /** T5's share of the context, with or without T5. */
  readonly t5Tokens: number;

  private constructor(clips: readonly [PromptTokenizer, PromptTokenizer], t5: PromptTokenizer | null, tokens: number) {
    this.clips = clips;
    this.t5 = t5;
    this.t5Tokens = tokens;
  }

  /** Throws CheckpointError, and RangeError for a text length that T5 cannot have here. */
  static async open(checkpoint: Checkpoint, { textTokens }: TextLength): Promise<Sd3Tokenizers> {
    const tokens = t5Tokens(textTokens);
    const clips = [await openClip(checkpoint, ''), await openClip(checkpoint, '_2')] as const;
    if (clips[0].tokens !== clips[1].tokens) {
      throw new CheckpointError(
        checkpoint.folder,
        `has CLIP tokenizers of ${clips[0].tokens} and ${clips[1].tokens} tokens; SD3 puts them side by side`,
      );
    }
    const hasT5 = checkpoint.components.has('text_encoder_3');
    const t5 = hasT5 ? await PromptTokenizer.open(await checkpoint.folderOf('tokenizer_3'), () => tokens) : null;
    return new Sd3Tokenizers(clips, t5, tokens);
  }

  get textTokens(): number {
    return this.clips[0].tokens + this.t5Tokens;
  }

  /** CLIP's two, then T5's where there is one. */
  get all(): readonly PromptTokenizer[] {
    return this.t5 ? [...this.clips, this.t5] : this.clips;
  }

  /** A word counts as ignored where no tokenizer knows it; of the CLIPs the one counts that reads less. */
  inspect(prompt: string): PromptNotices {
    const [first, ...others] = this.all.map((tokenizer) => tokenizer.ignoredWords(prompt));
    return {
      ignoredWords: (first ?? []).filter((word) => others.every((words) => words.includes(word))),
      reads: [
        { encoder: 'CLIP', ...leastOf(this.clips.map((tokenizer) => tokenizer.reads(prompt))) },
        ...(this.t5 ? [{ encoder: 'T5' as const, ...this.t5.reads(prompt) }] : []),
      ],
    };
  }

  tokenIds(prompt: string): Readonly<Record<string, readonly number[]>> {
    const [first, second, third] = this.all.map((tokenizer) => tokenizer.encode(prompt).ids);
    return { tokenizer: first!, tokenizer_2: second!, ...(third && { tokenizer_3: third }) };
  }
}

async function openClip(checkpoint: Checkpoint, suffix: '' | '_2'): Promise<PromptTokenizer> {
  const { maxTokens } = readClipConfig(await checkpoint.config(`text_encoder${suffix}`));
  const folder = await checkpoint.folderOf(`tokenizer${suffix}`);
  return PromptTokenizer.open(folder, (length) => clipTokens(length, maxTokens));
}

function clipTokens(modelMaxLength: number | undefined, maxTokens: number): number {
  return Math.min(modelMaxLength ?? maxTokens, maxTokens);
}

function t5Tokens(asked: number = T5_TOKENS): number {
  if (Number.isInteger(asked) && asked > 0 && asked <= MAX_T5_TOKENS) return asked;
  throw new RangeError(`textTokens must be a whole number from 1 to ${MAX_T5_TOKENS}, got ${asked}`);
}

function leastOf<Reads extends { readonly readTokens: number; readonly promptTokens: number }>(all: readonly Reads[]) {
  const cut = ({ readTokens, promptTokens }: Reads) => promptTokens - readTokens;
  return all.reduce((least, reads) => (cut(reads) > cut(least) ? reads : least));
}
