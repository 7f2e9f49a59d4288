import type { OnnxExecution } from '../onnx/onnx-execution.ts';
import type { PromptNotices } from '../pipeline/pipeline.ts';
import type { EmbeddingFolder } from './embedding-folder.ts';

/** What a transformer is conditioned on, for a batch of prompts. */
export interface TextEmbeddings {
  /** [batch, textTokens, contextDim]. */
  readonly context: Float32Array;
  readonly textTokens: number;
  readonly contextDim: number;
  /** [batch, pooledDim]. */
  readonly pooled: Float32Array;
  readonly pooledDim: number;
}

/** The tokenizers and text encoders of a pipeline. */
export interface TextEncoders {
  readonly textTokens: number;
  /** Throws PromptError, CheckpointError, OnnxError, or the signal's reason. Embeddings of recent prompts are kept. */
  encode(prompts: readonly string[], signal?: AbortSignal): Promise<TextEmbeddings>;
  /** Tokenizes only. Throws PromptError. */
  inspect(prompt: string): PromptNotices;
  /** What every tokenizer makes of a prompt, by its folder's name. Throws PromptError. */
  tokenIds(prompt: string): Readonly<Record<string, readonly number[]>>;
  close(): Promise<void>;
}

export interface TextEncoderOptions {
  /** Text length of the T5 encoder; what its tokenizer names, up to the pipeline's own 512, where absent. */
  readonly textTokens?: number;
  /** Where embeddings are kept for the next process; in Arrowhead's home where absent. */
  readonly embeddings?: EmbeddingFolder;
  /** Where text encoders run; as `$ARROWHEAD_ONNX` says where absent. */
  readonly execution?: OnnxExecution;
}
