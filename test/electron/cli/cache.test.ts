import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runArrowhead } from './run-arrowhead.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'arrowhead-cache-'));
  vi.stubEnv('ARROWHEAD_HOME', home);
  vi.stubEnv('ARROWHEAD_CACHE', '4');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

async function generate(name: string) {
  const options = ['--size', '64x64', '--steps', '1', '--device', 'cpu', '--json', '--out', path.join(home, name)];
  const { stdout } = await runArrowhead('generate', '--prompt', 'a teal ring', ...options);
  return JSON.parse(stdout);
}

it('embeddings of a job are listed, used by the next and cleared', async () => {
  const folder = path.join(home, 'embeddings');
  const list = async () => JSON.parse((await runArrowhead('cache', 'list', '--json')).stdout);
  expect(await list()).toEqual({ folder, count: 0, bytes: 0, maxBytes: 4 * 2 ** 20 });
  await generate('first.png');
  const { count, bytes } = await list();
  expect(count).toBe(1);
  expect(bytes).toBeGreaterThan(32 * 128 * 4);
  await generate('second.png');
  expect((await list()).count).toBe(1);
  expect((await runArrowhead('cache', 'list')).stdout).toMatch(
    /^1 prompt embedding, \d+ KiB, of at most 4\.0 MiB in .*embeddings\n$/,
  );
  expect(JSON.parse((await runArrowhead('cache', 'clear', '--json')).stdout)).toEqual({ folder, count: 1, bytes });
  expect((await list()).count).toBe(0);
});

it('a home that cannot be written fails no job', async () => {
  writeFileSync(path.join(home, 'file'), '');
  vi.stubEnv('ARROWHEAD_HOME', path.join(home, 'file'));
  expect(await generate('x.png')).toMatchObject({ file: path.join(home, 'x.png') });
});

it('a setting that is none is named', async () => {
  vi.stubEnv('ARROWHEAD_CACHE', '1G');
  const { code, stderr } = await runArrowhead('cache', 'list');
  expect(code).toBe(2);
  expect(stderr).toMatch(/error: ARROWHEAD_CACHE is "1G": expected how many MiB/);
});
