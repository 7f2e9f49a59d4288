import { readdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import { CHANGE_FILE, CLAIM_FILE, RUN_FILE } from '../../calibration/index.ts';
import { isTemporaryName } from '../../mmdit/index.ts';
import { OutputExistsError } from './output-exists-error.ts';

/** What a job may do with a folder that it is to write its run into. */
export type RunFolderMode = 'create' | 'replace' | 'resume';

/** Everything that a run writes, the files of a calibration under way included; nothing else is ever deleted. */
const RUN_FILES = [
  RUN_FILE,
  'rse.safetensors',
  'metrics.json',
  'applied.json',
  'report.html',
  'calibration.journal.safetensors',
  'measured-savings.json',
  // The workbench's notes, and the copy that it keeps of those it could not read.
  'workbench.json',
  'workbench.json.unreadable',
];

/** Lock files: not part of a run, and deleted by the program that holds the lock. */
export const LOCK_FILES: readonly string[] = [CLAIM_FILE, CHANGE_FILE];

/** `original.png`, `original-2.png` where a run has several, and a sweep's `point-1.png`. */
const PICTURES = /^((original|compressed|difference)(-\d+)?|point-\d+(-\d+)?)\.png$/;

export interface RunFolder {
  readonly path: string;
  /** Whether a run was found in it. */
  readonly holdsRun: boolean;
}

/**
 * Looks at a folder before any work is done. Throws OutputExistsError where files of a user or of another run would be
 * overwritten or mixed up, and NothingToResumeError.
 */
export async function inspectRunFolder(folder: string, mode: RunFolderMode): Promise<RunFolder> {
  const names = await namesIn(folder);
  const holdsRun = names.includes(RUN_FILE);
  const strangers = names.filter((name) => !isRunFile(name));
  if (strangers.length > 0 && !holdsRun) {
    throw new OutputExistsError(folder, `It holds other files (${strangers[0]} …), so choose another folder`);
  }
  // Temporary files of a killed write are not a run; the next run in this folder removes them.
  if (mode === 'create' && names.some((name) => !isTemporaryName(name))) {
    throw new OutputExistsError(
      folder,
      'It holds a run. Give --resume to go on with it, --force to start over, or choose another folder',
    );
  }
  return { path: folder, holdsRun };
}

/** Deletes what killed writes left in a folder that no other process writes to. */
export async function sweepRunFolder(folder: string): Promise<void> {
  for (const name of (await namesIn(folder)).filter(isTemporaryName)) await unlink(path.join(folder, name));
}

/** Deletes the files of an earlier run, and no other. */
export async function clearRunFolder(folder: string): Promise<void> {
  const names = (await namesIn(folder)).filter(isRunFile);
  // The manifest goes last: a folder without it holds no run.
  names.sort((a, b) => Number(a === RUN_FILE) - Number(b === RUN_FILE));
  for (const name of names) await unlink(path.join(folder, name));
}

function isRunFile(name: string): boolean {
  return RUN_FILES.includes(name) || PICTURES.test(name) || name.endsWith('.scheme.json') || isTemporaryName(name);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => !LOCK_FILES.includes(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
