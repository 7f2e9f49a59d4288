import type { OnnxExecution } from '../onnx/onnx-execution.ts';
import type { EmbeddingFolder } from './embedding-folder.ts';
import type { TextLength, TextTokenizers } from './text-tokenizers.ts';

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
  readonly tokenizers: TextTokenizers;
  /** Throws PromptError, CheckpointError, OnnxError, or the signal's reason. Embeddings of recent prompts are kept. */
  encode(prompts: readonly string[], signal?: AbortSignal): Promise<TextEmbeddings>;
  close(): Promise<void>;
}

export interface TextEncoderOptions extends TextLength {
  /** Where embeddings are kept for the next process; in Arrowhead's home where absent. */
  readonly embeddings?: EmbeddingFolder;
  /** Where text encoders run; as `$ARROWHEAD_ONNX` says where absent. */
  readonly execution?: OnnxExecution;
}
