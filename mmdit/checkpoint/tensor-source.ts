/** Element types that a checkpoint may store. */
export type StoredDtype = 'F32' | 'F16' | 'BF16';

export function isStoredDtype(dtype: string): dtype is StoredDtype {
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
}

/** Where a tensor lies, of whatever dtype it is. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** File and byte range of the little-endian row-major data: an ONNX initializer can point at it too. */
  readonly file: string;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** One tensor of a checkpoint, not read yet. */
export interface TensorSource extends StoredTensor {
  readonly dtype: StoredDtype;
  /** Normal deviates: a device may make them itself instead of reading (synthetic checkpoints). */
  readonly random?: { readonly std: number; readonly seed: number };
  /** The raw bytes, read by range. Throws CheckpointError naming file and tensor where the file is shorter. */
  read(): Promise<Uint8Array>;
  /** The same in pieces of whole elements, each valid until the next is asked for; absent where `read` is as good. */
  pieces?(): AsyncIterable<Uint8Array>;
}

/** A tensor's bytes in pieces of whole elements, each valid until the next is asked for. */
export async function* piecesOf(source: Pick<TensorSource, 'read' | 'pieces'>): AsyncGenerator<Uint8Array> {
  if (source.pieces) yield* source.pieces();
  else yield await source.read();
}
