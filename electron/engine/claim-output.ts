import path from 'node:path';
import { describeHolder } from '../../calibration/runs/run-claim.ts';
import { lockHolder, tryFileLock } from '../../mmdit/files/file-lock.ts';
import { program } from './run-work.ts';

/** Another program is making this very file. */
export class OutputBusyError extends Error {
  override readonly name = 'OutputBusyError';

  constructor(file: string, holder: string) {
    super(`${file} is being made by ${holder}. Choose another name, or wait until it is done`);
  }
}

/**
 * Does the work that ends in writing a file, while no other program makes the same one: each would compute for its whole
 * time, and the last would overwrite the others. Throws OutputBusyError, FileWriteError.
 */
export async function claimOutput<T>(file: string, work: () => Promise<T>): Promise<T> {
  const lockFile = path.join(path.dirname(file), `.${path.basename(file)}.lock`);
  const lock = await tryFileLock(lockFile, program());
  if (lock === null) throw new OutputBusyError(file, describeHolder(await lockHolder(lockFile)));
  try {
    return await work();
  } finally {
    await lock.release();
  }
}
