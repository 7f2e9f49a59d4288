import type { TensorSource } from './tensor-source.ts';

/** A file of named tensors, validated; tensors are read by range, when asked for. */
export interface TensorFile {
  readonly file: string;
  readonly names: readonly string[];
  /** Throws CheckpointError for a missing tensor or one of a kind that weights cannot have. */
  tensor(name: string): TensorSource;
}
