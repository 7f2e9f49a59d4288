import type { FileHandle } from 'node:fs/promises';
import { CheckpointError } from './checkpoint-error.ts';
import { openRegularFile, readRange } from './regular-file.ts';
import type { TensorSource } from './tensor-source.ts';

export type StoredRange = Pick<TensorSource, 'name' | 'file' | 'byteOffset' | 'byteLength'>;

/** Small enough to be converted from the processor's cache, large enough that calls cost nothing. */
const PIECE_BYTES = 4 * 2 ** 20;
/** One is being converted or copied while the others are being read: as many as libuv has threads. */
const PIECES = 4;

interface Piece extends StoredRange {
  readonly begin: number;
  readonly length: number;
}

/** Reads stored tensors in the order in which they will be asked for, a few pieces ahead, into a few buffers. */
export class ReadAhead {
  readonly #pieces: readonly Piece[];
  readonly #buffers = Array.from({ length: PIECES }, () => new Uint8Array(PIECE_BYTES));
  readonly #files = new Map<string, Promise<FileHandle>>();
  /** By piece: those that are being read or wait to be taken. */
  readonly #reads = new Map<number, Promise<Uint8Array>>();
  #asked = 0;
  #taken = 0;
  readonly #signal: AbortSignal | undefined;

  constructor(ranges: readonly StoredRange[], { signal }: { readonly signal?: AbortSignal | undefined } = {}) {
    this.#signal = signal;
    this.#pieces = ranges.flatMap((range) =>
      Array.from({ length: Math.ceil(range.byteLength / PIECE_BYTES) }, (_, index) => {
        const begin = index * PIECE_BYTES;
        return { ...range, begin, length: Math.min(PIECE_BYTES, range.byteLength - begin) };
      }),
    );
  }

  /**
   * The next range's bytes in pieces, each valid until the next is asked for. Throws CheckpointError where the file is
   * shorter, the signal's reason when it fires, and Error where the range is not the next one.
   */
  async *take({ name, file, byteOffset, byteLength }: StoredRange): AsyncGenerator<Uint8Array> {
    for (let done = 0; done < byteLength; ) {
      const index = this.#taken;
      const piece = this.#pieces[index];
      if (piece?.file !== file || piece.byteOffset !== byteOffset || piece.begin !== done)
        throw new Error(`tensor "${name}" was not the next to be read`);
      this.#readUpTo(index + PIECES);
      const bytes = await unlessAborted(this.#reads.get(index)!, this.#signal);
      this.#reads.delete(index);
      yield bytes;
      this.#taken = index + 1;
      done += bytes.length;
    }
  }

  /** Files are closed when the reads under way have ended; nothing waits for that, as a disk may hang. */
  close(): void {
    for (const file of this.#files.values()) void file.then((handle) => handle.close()).catch(() => {});
  }

  #readUpTo(end: number): void {
    for (; this.#asked < Math.min(end, this.#pieces.length); this.#asked++) {
      const reading = this.#read(this.#asked);
      // A failure is reported to the reader of the piece; there may be none.
      reading.catch(() => {});
      this.#reads.set(this.#asked, reading);
    }
  }

  async #read(index: number): Promise<Uint8Array> {
    const { name, file, byteOffset, begin, length } = this.#pieces[index]!;
    const opened = this.#files.get(file) ?? openRegularFile(file);
    this.#files.set(file, opened);
    const handle = await opened;
    const bytes = this.#buffers[index % PIECES]!.subarray(0, length);
    if ((await readRange(handle, bytes, byteOffset + begin)) < length) {
      throw new CheckpointError(file, `ends inside tensor "${name}"; it changed since it was opened`);
    }
    return bytes;
  }
}

/** Rejects with the signal's reason as soon as it fires. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  signal?.throwIfAborted();
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    work.finally(() => signal.removeEventListener('abort', onAbort)).then(resolve, reject);
  });
}
