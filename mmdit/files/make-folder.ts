import { mkdir } from 'node:fs/promises';
import { FileWriteError } from './write-whole-file.ts';

/** Makes a folder and those above it; whether it was missing. Throws FileWriteError. */
export async function makeFolder(folder: string): Promise<boolean> {
  try {
    return (await mkdir(folder, { recursive: true })) !== undefined;
  } catch (cause) {
    throw new FileWriteError(folder, await trueCause(cause as NodeJS.ErrnoException));
  }
}

/** Node reports ENOENT where a recursive mkdir fails because the file system is read-only; a plain one tells. */
async function trueCause(error: NodeJS.ErrnoException): Promise<unknown> {
  if (error.code !== 'ENOENT' || error.path === undefined) return error;
  return mkdir(error.path).then(
    () => error,
    (plain: unknown) => plain,
  );
}
