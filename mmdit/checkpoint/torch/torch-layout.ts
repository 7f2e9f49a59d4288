import type { TensorView } from './torch-values.ts';

/** What a checkpoint of PyTorch holds and where. */
export interface TorchLayout {
  /** By name. */
  readonly tensors: ReadonlyMap<string, TensorView>;
  /** By the key of a storage: the bytes of the file that hold it. */
  readonly storages: ReadonlyMap<string, StoragePlace>;
}

export interface StoragePlace {
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** Weights are beside the pickle, not in it: those of the largest models have pickles of a few hundred KiB. */
export const MAX_PICKLE_BYTES = 16 * 1024 * 1024;
