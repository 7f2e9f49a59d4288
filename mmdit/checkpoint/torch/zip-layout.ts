import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader } from 'yauzl';
import { CheckpointError } from '../checkpoint-error.ts';
import { readRange } from '../regular-file.ts';
import { readPickle } from './read-pickle.ts';
import { stateDictOf } from './state-dict.ts';
import { MAX_PICKLE_BYTES, type StoragePlace, type TorchLayout } from './torch-layout.ts';
import { torchGlobal, torchStorage } from './torch-values.ts';

/** A storage is one entry; the largest models have some thousands. */
const MAX_ENTRIES = 100_000;
const STORED = 0;
const PICKLE_NAME = /^([^/]+\/)data\.pkl$/;
const SCRIPT_NAME = /^[^/]+\/(constants\.pkl|code\/.*)$/;

/**
 * torch.save's format since 1.6: a zip of `data.pkl` and one stored entry `data/KEY` per storage, in a folder of any
 * name. Throws CheckpointError, PickleError.
 */
export async function readZipLayout(file: string, handle: FileHandle): Promise<TorchLayout> {
  const entries = await readEntries(file, handle);
  const folders = [...entries.keys()].flatMap((name) => PICKLE_NAME.exec(name)?.[1] ?? []);
  const [folder] = folders;
  if (folder === undefined || folders.length > 1) {
    throw new CheckpointError(file, `holds ${folders.length} data.pkl; expected one, as torch.save writes`);
  }
  const order = entries.get(`${folder}byteorder`);
  if (order !== undefined && (await readSmall(file, handle, order, `${folder}byteorder`)).toString() !== 'little') {
    throw new CheckpointError(file, 'was written by a big-endian machine, which is not supported');
  }
  const pickle = await readSmall(file, handle, entries.get(`${folder}data.pkl`)!, `${folder}data.pkl`);
  const { value } = readPickle(pickle, 0, { global: torchGlobal, persistent: torchStorage });
  const tensors = stateDictOf(value);
  const storages = new Map<string, StoragePlace>();
  for (const { storage } of tensors.values()) {
    const place = entries.get(`${folder}data/${storage.key}`);
    if (place !== undefined) storages.set(storage.key, place);
  }
  return { tensors, storages };
}

/** Where every entry's bytes are. Nothing is unpacked: entries that are not stored as they are, are refused. */
async function readEntries(file: string, handle: FileHandle): Promise<ReadonlyMap<string, StoragePlace>> {
  const { size } = await handle.stat();
  const places = new Map<string, StoragePlace>();
  try {
    const reader = new HandleReader(handle, size);
    const zip = await fromRandomAccessReaderPromise(reader, size, { lazyEntries: true, autoClose: false });
    if (zip.entryCount > MAX_ENTRIES) {
      throw new CheckpointError(file, `claims ${zip.entryCount} entries; expected at most ${MAX_ENTRIES}`);
    }
    for await (const entry of zip.eachEntry()) {
      requirePlain(file, entry);
      if (places.has(entry.fileName)) throw new CheckpointError(file, `holds "${entry.fileName}" twice`);
      const { fileDataStart: byteOffset } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      if (byteOffset + entry.compressedSize > size) throw new Error(`"${entry.fileName}" goes past its end`);
      places.set(entry.fileName, { byteOffset, byteLength: entry.compressedSize });
    }
  } catch (cause) {
    if (cause instanceof CheckpointError) throw cause;
    const problem = `cannot be read as a zip file: ${(cause as Error).message}; download it again`;
    throw new CheckpointError(file, problem, { cause });
  }
  return places;
}

function requirePlain(file: string, entry: Entry): void {
  const { fileName, compressionMethod, compressedSize, uncompressedSize } = entry;
  if (SCRIPT_NAME.test(fileName)) {
    throw new CheckpointError(file, `holds "${fileName}": it is a TorchScript program, where a state dict is needed`);
  }
  if (compressionMethod !== STORED || compressedSize !== uncompressedSize || entry.isEncrypted()) {
    throw new CheckpointError(file, `"${fileName}" is compressed or encrypted, which torch.save never does`);
  }
}

async function readSmall(file: string, handle: FileHandle, place: StoragePlace, name: string): Promise<Buffer> {
  const { byteOffset, byteLength } = place;
  if (byteLength > MAX_PICKLE_BYTES) {
    throw new CheckpointError(file, `"${name}" is ${byteLength} bytes long; at most ${MAX_PICKLE_BYTES} are read`);
  }
  const bytes = Buffer.alloc(byteLength);
  await readRange(handle, bytes, byteOffset);
  return bytes;
}

/** Reads only inside of the file: places come from the file itself, and node:fs throws at impossible ones. */
class HandleReader extends RandomAccessReader {
  readonly #handle: FileHandle;
  readonly #size: number;

  constructor(handle: FileHandle, size: number) {
    super();
    this.#handle = handle;
    this.#size = size;
  }

  override _readStreamForRange(): Readable {
    throw new Error('entries are read by range');
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    if (position + length > this.#size) {
      callback(new Error(`it points to byte ${position} of a file of ${this.#size}`));
      return;
    }
    readRange(this.#handle, buffer.subarray(offset, offset + length), position).then(() => callback(null), callback);
  }

  /** Whoever opened the file closes it. */
  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }
}
