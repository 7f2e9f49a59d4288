import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileWriteError, isTemporaryName, writeWholeFile } from '../../../mmdit/files/write-whole-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-write-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('writeWholeFile', () => {
  it('replaces a file and leaves no temporary one', async () => {
    const file = path.join(folder, 'a.json');
    await writeFile(file, 'old');
    await writeWholeFile(file, 'new');
    expect(await readFile(file, 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['a.json']);
  });

  it('keeps concurrent writes of one file whole', async () => {
    const file = path.join(folder, 'a.bin');
    const versions = [1, 2, 3, 4].map((value) => Buffer.alloc(200_000, value));
    await Promise.all(versions.map((data) => writeWholeFile(file, data)));
    const result = await readFile(file);
    expect(versions.some((data) => data.equals(result))).toBe(true);
    expect(await readdir(folder)).toEqual(['a.bin']);
  });

  it('names the file and the way out when its folder is missing or a folder has its name', async () => {
    const missing = path.join(folder, 'none', 'a.json');
    await expect(writeWholeFile(missing, '')).rejects.toThrow(`Cannot write ${missing}: its folder does not exist`);
    await mkdir(path.join(folder, 'taken'));
    await expect(writeWholeFile(path.join(folder, 'taken'), '')).rejects.toThrow(FileWriteError);
    expect(await readdir(folder)).toEqual(['taken']);
  });

  it('knows its own temporary names only', () => {
    expect(isTemporaryName('.rse.safetensors.123-4.tmp')).toBe(true);
    expect(isTemporaryName('rse.safetensors')).toBe(false);
    expect(isTemporaryName('notes.tmp')).toBe(false);
  });

  // A file size limit cuts a write short just as a filling disk does, and needs no right to mount one.
  it('keeps the old file when the disk takes only a part of the new one', async () => {
    const file = path.join(folder, 'a.bin');
    await writeWholeFile(file, 'old');
    const module = fileURLToPath(new URL('../../../mmdit/files/write-whole-file.ts', import.meta.url));
    const script = `import { writeWholeFile } from ${JSON.stringify(module)};
      await writeWholeFile(${JSON.stringify(file)}, Buffer.alloc(1 << 20)).catch((error) => process.stdout.write(error.message));`;
    const output = execFileSync(
      'sh',
      ['-c', 'ulimit -f 64; exec "$0" --input-type=module -e "$1"', process.execPath, script],
      { encoding: 'utf8' },
    );
    expect(output).toMatch(/Cannot write .*a\.bin: .*\(EFBIG\)/);
    expect(await readFile(file, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['a.bin']);
  });
});
