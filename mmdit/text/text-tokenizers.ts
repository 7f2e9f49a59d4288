import type { PromptNotices } from '../pipeline/pipeline.ts';

export interface TextLength {
  /** Text length of the T5 encoder; what its tokenizer names, up to the pipeline's own 512, where absent. */
  readonly textTokens?: number;
}

/** The tokenizers of a pipeline: what its text encoders read of a prompt. */
export interface TextTokenizers {
  /** Of the transformer's context. */
  readonly textTokens: number;
  /** Throws PromptError. */
  inspect(prompt: string): PromptNotices;
  /** What every tokenizer makes of a prompt, by its folder's name. Throws PromptError. */
  tokenIds(prompt: string): Readonly<Record<string, readonly number[]>>;
}
