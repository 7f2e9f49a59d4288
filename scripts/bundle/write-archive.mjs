import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { run } from '../setup/run.mjs';

/**
 * Packs the folder `name` of `parent` as `file` (.tar.xz), whole or not at all, and returns its size in bytes. Two
 * archives of the same files are the same where SOURCE_DATE_EPOCH is set. Throws where `most` bytes do not hold it.
 */
export async function writeArchive({ parent, name, file, level, most = Number.POSITIVE_INFINITY }) {
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  const seconds = process.env.SOURCE_DATE_EPOCH ?? Math.floor(Date.now() / 1000);
  try {
    const { code, output, missing } = await run([
      ...['tar', '--create', '--file', temporary, `--use-compress-program=xz --threads=0 -${level}`],
      ...['--format=gnu', '--sort=name', '--owner=0', '--group=0', '--numeric-owner'],
      ...[`--mtime=@${seconds}`, '--mode=u+w,a+rX,go-w', '--directory', parent, name],
    ]);
    if (missing) throw new Error('packing needs GNU tar and xz, on Debian: apt install tar xz-utils');
    if (code !== 0) throw new Error(`packing ${file} failed (exit code ${code}):\n${output}`);
    const size = statSync(temporary).size;
    if (size > most) throw new Error(`${path.basename(file)} would be ${inMiB(size)}, of at most ${inMiB(most)}`);
    sync(temporary);
    renameSync(temporary, file);
    return size;
  } finally {
    rmSync(temporary, { force: true });
  }
}

export function inMiB(bytes) {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function sync(file) {
  const descriptor = openSync(file, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
