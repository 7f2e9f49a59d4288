import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import { FileWriteError } from '../../mmdit/index.ts';

/** Finds out before long work whether a file could be written. Throws FileWriteError; writes nothing. */
export async function requireWritable(file: string): Promise<void> {
  try {
    await access(path.dirname(file), constants.W_OK);
  } catch (cause) {
    throw new FileWriteError(file, cause);
  }
  const present = await stat(file).catch(() => null);
  if (present?.isDirectory())
    throw new FileWriteError(file, Object.assign(new Error('is a folder'), { code: 'EISDIR' }));
}
