import { open, stat } from 'node:fs/promises';
import { CheckpointError } from './checkpoint-error.ts';
import { type HeaderEntry, MAX_HEADER_BYTES, parseSafetensorsHeader } from './safetensors-header.ts';
import type { StoredDtype, TensorSource } from './tensor-source.ts';

const LENGTH_BYTES = 8;

/** A safetensors file whose header is read and validated; tensors are read by range, when asked for. */
export class SafetensorsFile {
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

  /** Reads the header alone. Throws CheckpointError where the file breaks the format. */
  static async open(file: string): Promise<SafetensorsFile> {
    // Opening a pipe would wait for a writer for ever.
    const info = await stat(file).catch((cause: unknown) => {
      throw new CheckpointError(file, 'is missing', { cause });
    });
    if (!info.isFile()) throw new CheckpointError(file, 'is not a regular file');
    const handle = await open(file, 'r').catch((cause: unknown) => {
      throw new CheckpointError(file, `cannot be opened: ${(cause as Error).message}`, { cause });
    });
    try {
      const { size } = await handle.stat();
      const prefix = Buffer.alloc(LENGTH_BYTES);
      const { bytesRead } = await handle.read(prefix, 0, LENGTH_BYTES, 0);
      if (bytesRead < LENGTH_BYTES)
        throw new CheckpointError(file, `holds ${size} bytes: too short for a safetensors file`);
      const length = prefix.readBigUInt64LE();
      if (length > BigInt(MAX_HEADER_BYTES) || length > BigInt(size - LENGTH_BYTES)) {
        throw new CheckpointError(
          file,
          `claims a header of ${length} bytes; at most ${Math.min(MAX_HEADER_BYTES, size - LENGTH_BYTES)} are possible. It is damaged or no safetensors file`,
        );
      }
      const header = Buffer.alloc(Number(length));
      const read = await handle.read(header, 0, header.length, LENGTH_BYTES);
      if (read.bytesRead < header.length) throw new CheckpointError(file, 'ends inside its header');
      const dataStart = LENGTH_BYTES + header.length;
      const { entries, metadata } = parseSafetensorsHeader(file, header.toString('utf8'), size - dataStart);
      return new SafetensorsFile(file, dataStart, entries, metadata);
    } finally {
      await handle.close();
    }
  }

  get names(): readonly string[] {
    return [...this.entries.keys()];
  }

  /** Throws CheckpointError for a missing tensor or one of a dtype that weights cannot have. */
  tensor(name: string): TensorSource {
    const entry = this.#entry(name);
    const { dtype } = entry;
    if (!isStoredDtype(dtype)) {
      throw new CheckpointError(this.file, `tensor "${name}" is ${dtype}; supported are F32, F16 and BF16`);
    }
    return {
      name,
      dtype,
      shape: entry.shape,
      file: this.file,
      byteOffset: this.#dataStart + entry.begin,
      byteLength: entry.end - entry.begin,
      read: () => this.readBytes(name),
    };
  }

  /** The raw little-endian bytes of a tensor of any dtype. */
  async readBytes(name: string): Promise<Uint8Array> {
    const { begin, end } = this.#entry(name);
    const bytes = new Uint8Array(end - begin);
    const handle = await open(this.file, 'r');
    try {
      // One read call moves at most 2 GiB, so large tensors come in several.
      for (let done = 0; done < bytes.length; ) {
        const { bytesRead } = await handle.read(
          bytes,
          done,
          Math.min(bytes.length - done, 1 << 30),
          this.#dataStart + begin + done,
        );
        if (bytesRead === 0)
          throw new CheckpointError(this.file, `ends inside tensor "${name}"; it changed since it was opened`);
        done += bytesRead;
      }
    } finally {
      await handle.close();
    }
    return bytes;
  }

  #entry(name: string): HeaderEntry {
    const entry = this.entries.get(name);
    if (!entry) throw new CheckpointError(this.file, `has no tensor "${name}"`);
    return entry;
  }
}

function isStoredDtype(dtype: string): dtype is StoredDtype {
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
}
