import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { CheckpointError } from './checkpoint-error.ts';
import { listFolder } from './regular-file.ts';
import { unreadable } from './unreadable.ts';

/** A file or folder of a checkpoint that is a link out of it. */
export interface OutsideLink {
  /** Relative to the checkpoint. */
  readonly path: string;
  readonly target: string;
}

/**
 * Where links lead out of a checkpoint folder: its entries and theirs, which is all that is ever read. The blobs of a
 * Hugging Face hub cache, to which its snapshots link, are inside. Throws CheckpointError.
 */
export async function findOutsideLinks(folder: string): Promise<readonly OutsideLink[]> {
  const home = await realpath(folder).catch(unreadable(folder));
  const blobs = hubBlobs(home);
  const found: OutsideLink[] = [];
  const visit = async (inside: string, depth: number): Promise<void> => {
    const real = await realpath(path.join(home, inside)).catch(() => null);
    // A link to nothing is told as a missing file when it is read.
    if (real === null) return;
    const isInside = isWithin(home, real) || (blobs !== null && path.dirname(real) === blobs);
    if (!isInside) found.push({ path: inside, target: real });
    else if (depth > 0) for (const name of await entriesOf(real)) await visit(path.join(inside, name), depth - 1);
  };
  for (const name of await listFolder(home)) await visit(name, 1);
  return found;
}

/** Throws CheckpointError where a link leads out of the folder: who names it must not read other files of this machine. */
export async function requireNoOutsideLinks(folder: string): Promise<void> {
  const [link] = await findOutsideLinks(folder);
  if (!link) return;
  throw new CheckpointError(
    path.join(folder, link.path),
    `is a link to ${link.target}, outside the checkpoint; add the folder on the machine itself, or copy the file there`,
  );
}

/** None for a file. */
async function entriesOf(folder: string): Promise<readonly string[]> {
  return listFolder(folder).catch(() => []);
}

function isWithin(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return relative === '' || !(relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative));
}

/** A hub cache keeps `<repository>/snapshots/<revision>/…`, links into `<repository>/blobs`. */
function hubBlobs(folder: string): string | null {
  const parts = folder.split(path.sep);
  const at = parts.lastIndexOf('snapshots');
  return at > 0 && at < parts.length - 1 ? [...parts.slice(0, at), 'blobs'].join(path.sep) : null;
}
