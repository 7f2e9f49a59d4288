import path from 'node:path';
import {
  type FileLock,
  type LockHolder,
  lockHolder,
  tryFileLock,
  waitForFileLock,
} from '../../mmdit/files/file-lock.ts';
import { CHANGE_FILE, CLAIM_FILE } from './run-files.ts';

/** Somebody works on the run already: says who, and what to do. */
export class RunBusyError extends Error {
  override readonly name = 'RunBusyError';
  readonly hint = 'Wait until it is done, or stop it there; then try again.';

  constructor(folder: string, holder: LockHolder | null) {
    super(`The run in ${folder} is being worked on by ${describeHolder(holder)}.`);
  }
}

/** For people: "arrowhead calibrate (process 12 on this machine, since 2026-03-22 10:20 UTC)". */
export function describeHolder(holder: LockHolder | null): string {
  if (holder === null) return 'another program';
  const since = holder.since.replace('T', ' ').replace(/:\d\d(\.\d+)?Z$/, ' UTC');
  return `${holder.purpose} (process ${holder.pid} on ${holder.host}, since ${since})`;
}

/**
 * The right to compute a run, to clear or to delete it: one program has it at a time, and loses it by ending, however
 * that happens. Reading needs none. Throws RunBusyError, FileWriteError.
 */
export async function claimRun(folder: string, purpose: string): Promise<FileLock> {
  const file = path.join(folder, CLAIM_FILE);
  const lock = await tryFileLock(file, purpose);
  if (lock === null) throw new RunBusyError(folder, await lockHolder(file));
  return lock;
}

/** The program that works on a run; null where there is none: a run that says *running* was then interrupted. */
export function runWorker(folder: string): Promise<LockHolder | null> {
  return lockHolder(path.join(folder, CLAIM_FILE));
}

/** Does a change of a run's own files alone: read, changed and written before anybody else reads them for theirs. */
export async function whileChanging<T>(folder: string, change: () => Promise<T>): Promise<T> {
  const lock = await waitForFileLock(path.join(folder, CHANGE_FILE), 'a change of a run');
  try {
    return await change();
  } finally {
    await lock.release();
  }
}
