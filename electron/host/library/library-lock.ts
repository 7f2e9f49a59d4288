import path from 'node:path';
import { describeHolder } from '../../../calibration/index.ts';
import { FileWriteError, lockHolder, makeFolder, tryFileLock } from '../../../mmdit/index.ts';
import { WorkbenchError } from '../../contract/workbench-error.ts';

/** Codes of a library that can be read alone: nobody writes there, so nobody needs to be kept out. */
const READ_ONLY = new Set(['EROFS', 'EACCES', 'EPERM']);

/**
 * A library belongs to one host at a time: two would run, resume and delete the same runs, and overwrite each other's
 * settings. The command line reads, and writes runs of its own, beside it. Returns what lets go. Throws a WorkbenchError
 * that says who has it; FileWriteError.
 */
export async function lockLibrary(root: string, folder: string): Promise<() => Promise<void>> {
  const file = path.join(root, folder, 'host.lock');
  try {
    await makeFolder(path.dirname(file));
    const lock = await tryFileLock(file, 'Arrowhead');
    if (lock !== null) return () => lock.release();
  } catch (error) {
    if (error instanceof FileWriteError && READ_ONLY.has(error.code ?? '')) return async () => {};
    throw error;
  }
  throw new WorkbenchError({
    name: 'LibraryBusyError',
    message: `The library ${root} is open already: ${describeHolder(await lockHolder(file))}.`,
    hint: 'Use the window that shows it, close it there, or choose another folder with --library or ARROWHEAD_LIBRARY.',
  });
}
