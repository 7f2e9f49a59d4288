import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import path from 'node:path';

/** A file that could not be written: names it, says why and what to do. The file on disk is as it was before. */
export class FileWriteError extends Error {
  override readonly name = 'FileWriteError';
  readonly file: string;
  /** The system's own word, such as ENOSPC. */
  readonly code: string | undefined;

  constructor(file: string, cause: unknown) {
    const code = (cause as NodeJS.ErrnoException).code;
    super(`Cannot write ${file}: ${REASONS[code ?? ''] ?? (cause as Error).message}`, { cause });
    this.file = file;
    this.code = code;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full (ENOSPC). Free some space, or write to another disk',
  EDQUOT: 'the disk quota is used up (EDQUOT). Free some space, or write to another disk',
  EFBIG: 'the file would be larger than the system allows (EFBIG). Raise the limit, or write to another disk',
  EACCES: 'permission denied (EACCES). Make the folder writable, or choose another one',
  EPERM: 'the system does not permit it (EPERM). Choose another folder',
  EROFS: 'the file system is read-only (EROFS). Choose another folder',
  ENOENT: 'its folder does not exist (ENOENT). Create it first',
  ENOTDIR: 'a part of its path is a file, not a folder (ENOTDIR). Choose another path',
  EISDIR: 'a folder of that name is there (EISDIR). Choose another name',
  ENAMETOOLONG: 'the name is too long for the file system (ENAMETOOLONG). Choose a shorter one',
};

let written = 0;

/**
 * Writes to a temporary file beside `file`, syncs and renames: readers see the old file or the new one, never a part,
 * and a failure leaves nothing behind. Throws FileWriteError.
 *
 * The write-file-atomic package is not used: it takes a short write(2), which is how a disk fills up, for success.
 */
export async function writeWholeFile(
  file: string,
  data: Uint8Array | string,
  { mode = 0o666 }: { readonly mode?: number } = {},
): Promise<void> {
  const temporary = temporaryName(file);
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (cause) {
    await unlink(temporary).catch(() => {});
    throw new FileWriteError(file, cause);
  }
  await syncFolder(path.dirname(file));
}

/** Whether a file name is of a write that a kill cut short: safe to delete when no process writes in that folder. */
export function isTemporaryName(name: string): boolean {
  return /^\..+\.\d+-\d+\.tmp$/.test(name);
}

function temporaryName(file: string): string {
  written += 1;
  return path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}-${written}.tmp`);
}

/** Makes the rename itself survive a power cut, where the platform lets a folder be synced. */
async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } catch {
    // Windows and some network file systems can't; the data itself is synced already.
  } finally {
    await handle?.close();
  }
}
