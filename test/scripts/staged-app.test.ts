import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stageDesktop } from '../../scripts/desktop/build-desktop.mjs';

const ROOT = path.resolve(import.meta.dirname, '../..');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-staged-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('the program that Electron runs, compiled, opens, calibrates in its engine’s process and solves in its threads', async () => {
  const staged = await stageDesktop(ROOT, path.join(ROOT, 'test/report/staged-app'));
  const script = path.join(ROOT, 'test/electron/main/run-staged-app.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script, staged, folder], {
    env: { ...process.env, NODE_OPTIONS: '', ARROWHEAD_LIBRARY: path.join(folder, 'library') },
  });
  expect(JSON.parse(stdout)).toMatchObject({
    runs: 1,
    name: 'Demo',
    status: 'finished',
    error: null,
    mode: 'progressive',
  });
}, 180_000);
