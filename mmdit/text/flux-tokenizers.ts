import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { PromptNotices } from '../pipeline/pipeline.ts';
import { readClipConfig } from './clip-config.ts';
import { PromptTokenizer } from './prompt-tokenizer.ts';
import type { TextLength, TextTokenizers } from './text-tokenizers.ts';
import { readModelMaxLength } from './tokenizer-files.ts';

/** `max_sequence_length` of diffusers' FluxPipeline, which also bounds it. */
const MAX_TEXT_TOKENS = 512;

/** Tokens of FLUX's context, which is T5's. Throws CheckpointError, and RangeError for a length that it cannot have. */
export async function fluxTextTokens(checkpoint: Checkpoint, { textTokens }: TextLength): Promise<number> {
  if (textTokens !== undefined && !(Number.isInteger(textTokens) && textTokens > 0 && textTokens <= MAX_TEXT_TOKENS))
    throw new RangeError(`textTokens must be a whole number from 1 to ${MAX_TEXT_TOKENS}, got ${textTokens}`);
  if (textTokens !== undefined) return textTokens;
  const named = await readModelMaxLength(await checkpoint.folderOf('tokenizer_2'));
  return Math.min(named ?? MAX_TEXT_TOKENS, MAX_TEXT_TOKENS);
}

/** CLIP's and T5's, as FLUX's pipeline uses them. */
export class FluxTokenizers implements TextTokenizers {
  readonly clip: PromptTokenizer;
  readonly t5: PromptTokenizer;

  private constructor(clip: PromptTokenizer, t5: PromptTokenizer) {
    this.clip = clip;
    this.t5 = t5;
  }

  /** Throws CheckpointError, and RangeError for a text length that T5 cannot have here. */
  static async open(checkpoint: Checkpoint, length: TextLength): Promise<FluxTokenizers> {
    const tokens = await fluxTextTokens(checkpoint, length);
    const clipConfig = await checkpoint.config('text_encoder');
    const clipMax = readClipConfig(clipConfig).maxTokens;
    const clip = await PromptTokenizer.open(await checkpoint.folderOf('tokenizer'), (named) => {
      const clipTokens = named ?? clipMax;
      if (clipTokens <= clipMax) return clipTokens;
      throw new CheckpointError(
        clipConfig.configFile,
        `max_position_embeddings is ${clipMax}, but the tokenizer's model_max_length is ${clipTokens}`,
      );
    });
    const t5 = await PromptTokenizer.open(await checkpoint.folderOf('tokenizer_2'), () => tokens);
    return new FluxTokenizers(clip, t5);
  }

  get textTokens(): number {
    return this.t5.tokens;
  }

  inspect(prompt: string): PromptNotices {
    const unknownToClip = new Set(this.clip.ignoredWords(prompt));
    return {
      ignoredWords: this.t5.ignoredWords(prompt).filter((word) => unknownToClip.has(word)),
      reads: [
        { encoder: 'CLIP', ...this.clip.reads(prompt) },
        { encoder: 'T5', ...this.t5.reads(prompt) },
      ],
    };
  }

  tokenIds(prompt: string): Readonly<Record<string, readonly number[]>> {
    return { tokenizer: this.clip.encode(prompt).ids, tokenizer_2: this.t5.encode(prompt).ids };
  }
}
