import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFolder } from '../../../mmdit/files/make-folder.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'arrowhead-folder-'));
});
afterAll(() => rm(root, { recursive: true }));

/** A file system of its own, read-only, seen by one command alone; needs user namespaces. */
const inReadOnly = (command: string, ...args: readonly string[]) => {
  const mount = 'mount -t tmpfs none "$0" && mkdir "$0/library" && mount -o remount,ro "$0" && exec "$@"';
  return spawnSync('unshare', ['-rm', 'sh', '-c', mount, root, command, ...args], { encoding: 'utf8' });
};
const canMount =
  process.platform === 'linux' && spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', tmpdir()]).status === 0;

describe('makeFolder', () => {
  it('makes what is missing above it too, and says whether it was missing', async () => {
    expect(await makeFolder(path.join(root, 'a', 'b'))).toBe(true);
    expect(await makeFolder(path.join(root, 'a', 'b'))).toBe(false);
    expect(await readdir(path.join(root, 'a'))).toEqual(['b']);
  });

  it('names a file that stands in the way', async () => {
    await writeFile(path.join(root, 'file'), '');
    await expect(makeFolder(path.join(root, 'file', 'b'))).rejects.toMatchObject({ name: 'FileWriteError' });
  });

  it.runIf(canMount)('says that a file system is read-only, where Node says that the folder does not exist', () => {
    const module = pathToFileURL(path.resolve('mmdit/files/make-folder.ts')).href;
    const folder = path.join(root, 'library', '.trash');
    const program = `import { makeFolder } from '${module}'; await makeFolder('${folder}').catch((e) => console.log(e.message));`;
    const { stdout } = inReadOnly(process.execPath, '--input-type=module', '-e', program);
    expect(stdout).toContain(`Cannot write ${folder}: the file system is read-only (EROFS)`);
  });
});
