import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { CheckpointError } from './checkpoint-error.ts';
import { describeMistake } from './mistaken-content.ts';
import { unreadable } from './unreadable.ts';

/** One read call moves at most 2 GiB, so large ranges come in several. */
const MAX_READ_BYTES = 1 << 30;
/** Enough to recognise what a file is. */
const START_BYTES = 512;

/** Opens a file for reading. Throws CheckpointError where it is missing, no regular file or not readable. */
export async function openRegularFile(file: string): Promise<FileHandle> {
  // Opening a pipe would wait for a writer for ever.
  const info = await stat(file).catch(unreadable(file));
  if (!info.isFile()) throw new CheckpointError(file, 'is not a regular file');
  return open(file, 'r').catch(unreadable(file));
}

/** The whole of a small file. Throws CheckpointError, also for one of more than `maxBytes`. */
export async function readRegularFile(file: string, maxBytes: number): Promise<Buffer> {
  const handle = await openRegularFile(file);
  try {
    const { size } = await handle.stat();
    if (size > maxBytes) throw new CheckpointError(file, `is ${size} bytes long; at most ${maxBytes} are read`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** What a file is in place of what its name says: a Git LFS pointer, a web page … Null where it is nothing known. */
export async function readMistake(file: string): Promise<string | null> {
  const handle = await openRegularFile(file);
  try {
    const start = Buffer.alloc(START_BYTES);
    return describeMistake(start.subarray(0, await readRange(handle, start, 0)));
  } finally {
    await handle.close();
  }
}

/** Throws CheckpointError where that cannot be known. */
export async function fileExists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    (cause: NodeJS.ErrnoException) =>
      cause.code === 'ENOENT' || cause.code === 'ENOTDIR' ? false : unreadable(file)(cause),
  );
}

/** Names in a folder, sorted, hidden files left out. Throws CheckpointError. */
export async function listFolder(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(unreadable(folder))).filter((name) => !name.startsWith('.')).sort();
}

/** Fills `bytes` from `position` on; returns how many there were. */
export async function readRange(handle: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < bytes.length) {
    const length = Math.min(bytes.length - done, MAX_READ_BYTES);
    const { bytesRead } = await handle.read(bytes, done, length, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/** The bytes of a tensor, read by range. Throws CheckpointError where the file is shorter. */
export async function readTensorBytes(
  file: string,
  name: string,
  byteOffset: number,
  byteLength: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(byteLength);
  const handle = await openRegularFile(file);
  try {
    if ((await readRange(handle, bytes, byteOffset)) < byteLength) {
      throw new CheckpointError(file, `ends inside tensor "${name}"; it changed since it was opened`);
    }
  } finally {
    await handle.close();
  }
  return bytes;
}
