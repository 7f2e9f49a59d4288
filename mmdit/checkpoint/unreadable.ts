import { lstatSync, readlinkSync } from 'node:fs';
import { CheckpointError } from './checkpoint-error.ts';

const MISSING = ['ENOENT', 'ENOTDIR', 'ERR_INVALID_ARG_VALUE'];
const FORBIDDEN = ['EACCES', 'EPERM'];

/** For `catch`: throws CheckpointError that says why the system did not give a file or folder. */
export function unreadable(file: string): (cause: NodeJS.ErrnoException) => never {
  return (cause) => {
    throw new CheckpointError(file, reason(file, cause), { cause });
  };
}

function reason(file: string, { code = '', message }: NodeJS.ErrnoException): string {
  if (MISSING.includes(code)) {
    const target = linkTarget(file);
    return target === null ? 'is missing' : `is a link to ${target}, which is missing; download the file again`;
  }
  if (FORBIDDEN.includes(code))
    return 'is there, but you have no permission to read it; ask its owner, or give yourself read permission (chmod u+r; for folders also u+x)';
  if (code === 'ELOOP') return 'is a link that leads back to itself';
  return `cannot be opened: ${message}`;
}

function linkTarget(file: string): string | null {
  try {
    return lstatSync(file).isSymbolicLink() ? readlinkSync(file) : null;
  } catch {
    return null;
  }
}
