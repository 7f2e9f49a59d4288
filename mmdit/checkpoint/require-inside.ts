import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { CheckpointError } from './checkpoint-error.ts';

/**
 * Throws CheckpointError where `file` is missing, or where links lead out of `folder`: a checkpoint from elsewhere must
 * not read other files of this machine. The blobs of a Hugging Face hub cache, to which its snapshots link, are inside.
 */
export async function requireInside(folder: string, file: string): Promise<void> {
  const real = await realpath(file).catch((cause: unknown) => {
    throw new CheckpointError(file, 'is missing', { cause });
  });
  const home = await realpath(folder);
  if (isWithin(home, real)) return;
  const blobs = hubBlobs(home);
  if (blobs !== null && path.dirname(real) === blobs) return;
  throw new CheckpointError(file, `is a link to ${real}, outside the checkpoint; copy the file there if you trust it`);
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
