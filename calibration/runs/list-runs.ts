import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { CalibrationError } from '../calibration-error.ts';
import { openRun, type Run } from './run.ts';
import { RUN_FILE } from './run-files.ts';

export interface RunList {
  /** Newest first. */
  readonly runs: readonly Run[];
  /** Folders with a run.json that cannot be used, and why. */
  readonly unreadable: readonly { readonly folder: string; readonly reason: string }[];
}

/** Every run folder in `root`; a missing root has none. A damaged run never hides the others. */
export async function listRuns(root: string): Promise<RunList> {
  const entries = await readdir(root, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const runs: Run[] = [];
  const unreadable: { folder: string; reason: string }[] = [];
  for (const entry of entries) {
    const folder = path.join(root, entry.name);
    // A folder that may not be read, or goes away meanwhile, is none of ours.
    const names = entry.isDirectory() ? await readdir(folder).catch(() => []) : [];
    if (!names.includes(RUN_FILE)) continue;
    try {
      runs.push(await openRun(folder));
    } catch (error) {
      if (!(error instanceof CalibrationError)) throw error;
      unreadable.push({ folder, reason: error.message });
    }
  }
  runs.sort((a, b) => b.manifest.created.localeCompare(a.manifest.created) || b.folder.localeCompare(a.folder));
  return { runs, unreadable };
}
