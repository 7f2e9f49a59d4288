import type { LoadOptions, LoadProgress } from '../models/load-weights.ts';
import { OnnxExecution } from '../onnx/onnx-execution.ts';
import type { OnnxWish } from '../onnx/onnx-provider.ts';
import type { EmbeddingFolder } from '../text/embedding-folder.ts';
import type { DecodeWay } from '../vae/vae-decoder.ts';

/** How a pipeline is opened. */
export interface PipelineOptions {
  /** Text length of the T5 encoder; what its tokenizer names, up to the pipeline's own 512, where absent. */
  readonly textTokens?: number;
  /** Where prompt embeddings are kept for the next process; in Arrowhead's home where absent. */
  readonly embeddings?: EmbeddingFolder;
  /** Where text encoders and VAE run; as `$ARROWHEAD_ONNX` says, else `auto`, where absent. */
  readonly onnx?: OnnxWish | undefined;
  /** Whether large pictures are decoded whole or in tiles; `auto` where absent. */
  readonly vae?: DecodeWay | undefined;
  /** Gives up opening. */
  readonly signal?: AbortSignal | undefined;
  /** How far the transformer's weights are. */
  readonly onLoading?: ((progress: LoadProgress) => void) | undefined;
}

/** The options as the parts of a pipeline take them. */
export interface OpenedWith {
  readonly textTokens?: number;
  readonly embeddings?: EmbeddingFolder;
  readonly way?: DecodeWay;
  readonly execution: OnnxExecution;
  readonly loading: LoadOptions;
}

/** Throws OnnxWishError for what `$ARROWHEAD_ONNX` says. */
export function openedWith({ onnx, vae, signal, onLoading, ...text }: PipelineOptions): OpenedWith {
  const execution = new OnnxExecution(onnx === undefined ? {} : { wish: onnx });
  return { ...text, ...(vae && { way: vae }), execution, loading: { signal, onProgress: onLoading } };
}
