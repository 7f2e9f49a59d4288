import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileExists, listFolder } from './regular-file.ts';

/** Hugging Face's hub cache: `models--<organisation>--<name>/` with `blobs/`, `refs/<branch>` and `snapshots/<revision>/`. */
const REPOSITORY = /^models--(.+)$/;

/** `black-forest-labs/FLUX.1-dev` for a snapshot of a hub cache, whose own name is a revision; else the folder's name. */
export function checkpointName(folder: string): string {
  const resolved = path.resolve(folder);
  const [repository, snapshots] = resolved.split(path.sep).slice(-3);
  const name = snapshots === 'snapshots' ? repositoryName(repository!) : null;
  return name ?? repositoryName(path.basename(resolved)) ?? (path.basename(resolved) || resolved);
}

/** Of `models--black-forest-labs--FLUX.1-dev`; null for another folder name. */
export function repositoryName(folderName: string): string | null {
  return REPOSITORY.exec(folderName)?.[1]?.replace('--', '/') ?? null;
}

/**
 * Snapshots of a repository's folder (or of its `snapshots`): the one that `refs/main` names first and alone where it is
 * there, else all. Empty for another folder. Throws CheckpointError.
 */
export async function hubSnapshots(folder: string): Promise<readonly string[]> {
  const repository = path.basename(folder) === 'snapshots' ? path.dirname(folder) : folder;
  const snapshots = path.join(repository, 'snapshots');
  if (repositoryName(path.basename(repository)) === null || !(await fileExists(snapshots))) return [];
  const main = await readFile(path.join(repository, 'refs', 'main'), 'utf8').catch(() => '');
  const all = (await listFolder(snapshots)).map((revision) => path.join(snapshots, revision));
  const current = all.filter((snapshot) => path.basename(snapshot) === main.trim());
  return current.length > 0 ? current : all;
}
