import { rmdir } from 'node:fs/promises';
import path from 'node:path';
import { claimRun, isCancellation, type Run, workOnRun } from '../../calibration/index.ts';
import { makeFolder } from '../../mmdit/index.ts';
import { CancelledError } from './cancelled-error.ts';

/** Does a run's work in a folder that nobody else works in: see `claimFolder` and `performRun`. */
export function runWork<T>(
  run: Run,
  signal: AbortSignal | undefined,
  kept: string,
  work: () => Promise<T>,
): Promise<T> {
  return claimFolder(run.folder, () => performRun(run, signal, kept, work));
}

/**
 * Does what no two programs may do in one run folder at once: computing it, clearing it. Makes the folder if it is
 * missing. Throws RunBusyError that says who is at it, FileWriteError.
 */
export async function claimFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const isNew = await makeFolder(folder);
  try {
    const claim = await claimRun(folder, program());
    try {
      return await work();
    } finally {
      await claim.release();
    }
  } catch (error) {
    // A full disk leaves no empty folder behind.
    if (isNew) await rmdir(folder).catch(() => {});
    throw error;
  }
}

/**
 * Does a claimed run's work and keeps run.json's status true. `kept` says what a cancelled one keeps. Throws
 * CancelledError, and what the work throws.
 */
export async function performRun<T>(
  run: Run,
  signal: AbortSignal | undefined,
  kept: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await workOnRun(run, signal, work);
  } catch (error) {
    if (!isCancellation(error, signal) || error instanceof CancelledError) throw error;
    throw new CancelledError(`Cancelled: ${kept}`, run.folder);
  }
}

/** Who works here, for those who find it claimed. */
export function program(): string {
  return `Arrowhead (${path.basename(process.argv[1] ?? process.argv0)} ${process.argv[2] ?? ''})`.replace(' )', ')');
}
