import { CheckpointError } from './checkpoint-error.ts';
import { openRegularFile, readMistake, readTensorBytes } from './regular-file.ts';
import { type HeaderEntry, MAX_HEADER_BYTES, parseSafetensorsHeader } from './safetensors-header.ts';
import type { TensorFile } from './tensor-file.ts';
import { isStoredDtype, type StoredTensor, type TensorSource } from './tensor-source.ts';

const LENGTH_BYTES = 8;

/** A safetensors file whose header is read and validated; tensors are read by range, when asked for. */
export class SafetensorsFile implements TensorFile {
  readonly file: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly entries: ReadonlyMap<string, HeaderEntry>;
  readonly #dataStart: number;

  private constructor(
    file: string,
    dataStart: number,
    entries: readonly HeaderEntry[],
    metadata: Readonly<Record<string, string>>,
  ) {
    this.file = file;
    this.#dataStart = dataStart;
    this.metadata = metadata;
    this.entries = new Map(entries.map((entry) => [entry.name, entry]));
  }

  /**
   * Reads the header alone. Throws CheckpointError where the file breaks the format. `repair`: what to do about one that
   * is truncated, which depends on where it came from.
   */
  static async open(file: string, repair = 'download it again'): Promise<SafetensorsFile> {
    const handle = await openRegularFile(file);
    const refuse = async (problem: string): Promise<never> => {
      throw new CheckpointError(file, (await readMistake(file)) ?? problem);
    };
    try {
      const { size } = await handle.stat();
      const prefix = Buffer.alloc(LENGTH_BYTES);
      const { bytesRead } = await handle.read(prefix, 0, LENGTH_BYTES, 0);
      if (bytesRead < LENGTH_BYTES) return await refuse(`holds ${size} bytes: too short for a safetensors file`);
      const length = prefix.readBigUInt64LE();
      if (length > BigInt(MAX_HEADER_BYTES) || length > BigInt(size - LENGTH_BYTES)) {
        return await refuse(
          `claims a header of ${length} bytes; at most ${Math.min(MAX_HEADER_BYTES, size - LENGTH_BYTES)} are possible. It is damaged or no safetensors file`,
        );
      }
      const header = Buffer.alloc(Number(length));
      const read = await handle.read(header, 0, header.length, LENGTH_BYTES);
      if (read.bytesRead < header.length)
        throw new CheckpointError(file, `ends inside its header; it is truncated, so ${repair}`);
      const dataStart = LENGTH_BYTES + header.length;
      const { entries, metadata } = parseSafetensorsHeader(file, header.toString('utf8'), size - dataStart, repair);
      return new SafetensorsFile(file, dataStart, entries, metadata);
    } finally {
      await handle.close();
    }
  }

  get names(): readonly string[] {
    return [...this.entries.keys()];
  }

  /** Where a tensor of any dtype lies. Throws CheckpointError for a missing one. */
  stored(name: string): StoredTensor {
    const { dtype, shape, begin, end } = this.#entry(name);
    return { name, dtype, shape, file: this.file, byteOffset: this.#dataStart + begin, byteLength: end - begin };
  }

  /** Throws CheckpointError for a missing tensor or one of a dtype that weights cannot have. */
  tensor(name: string): TensorSource {
    const stored = this.stored(name);
    const { dtype } = stored;
    if (!isStoredDtype(dtype)) {
      throw new CheckpointError(this.file, `tensor "${name}" is ${dtype}; supported are F32, F16 and BF16`);
    }
    return { ...stored, dtype, read: () => this.readBytes(name) };
  }

  /** The raw little-endian bytes of a tensor of any dtype. */
  async readBytes(name: string): Promise<Uint8Array> {
    const { begin, end } = this.#entry(name);
    return readTensorBytes(this.file, name, this.#dataStart + begin, end - begin);
  }

  #entry(name: string): HeaderEntry {
    const entry = this.entries.get(name);
    if (!entry) throw new CheckpointError(this.file, `has no tensor "${name}"`);
    return entry;
  }
}
