import { type FileHandle, open, stat } from 'node:fs/promises';
import { CheckpointError } from './checkpoint-error.ts';

/** One read call moves at most 2 GiB, so large ranges come in several. */
const MAX_READ_BYTES = 1 << 30;

/** Opens a file for reading. Throws CheckpointError where it is missing, no regular file or not readable. */
export async function openRegularFile(file: string): Promise<FileHandle> {
  // Opening a pipe would wait for a writer for ever.
  const info = await stat(file).catch((cause: unknown) => {
    throw new CheckpointError(file, 'is missing', { cause });
  });
  if (!info.isFile()) throw new CheckpointError(file, 'is not a regular file');
  return open(file, 'r').catch((cause: unknown) => {
    throw new CheckpointError(file, `cannot be opened: ${(cause as Error).message}`, { cause });
  });
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
