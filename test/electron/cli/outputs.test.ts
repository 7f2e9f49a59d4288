import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { runArrowhead } from './run-arrowhead.ts';

const MODEL = fileURLToPath(new URL('../../golden/pipeline/flux-pipeline-tiny', import.meta.url));
const SMALL = ['--model', MODEL, '--device', 'cpu', '--size', '64x64', '--steps', '2'];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-outputs-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());
const at = (name: string): string => path.join(folder, name);

describe('two commands with one --out', () => {
  it.each([
    ['generate', ['--prompt', 'a', '--force'], 'one.png', /one\.png is being made by /],
    ['demo', ['--prompt', 'a'], 'demo', /is being worked on by|holds a run/],
    ['calibrate', ['--prompt', 'a'], 'calibration', /is being worked on by|holds a run/],
    [
      'ablate',
      ['--prompt', 'a', '--evaluation', 'b', '--tables', 'budget', '--deltas', '1'],
      'ablation',
      /is being worked on by|holds an ablation/,
    ],
  ])('%s: one does the work, the other says why not', async (command, options, out, message) => {
    const run = () => runArrowhead(command, ...SMALL, ...options, '--out', at(out));
    const results = await Promise.all([run(), run()]);
    expect(results.map(({ code }) => code).sort()).toEqual([0, 1]);
    expect(results.find(({ code }) => code === 1)?.stderr).toMatch(message);
    // Locks go with those who held them.
    expect((await readdir(folder)).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });
});

it('--resume in a folder without a calibration is refused, and the folder is left as it was', async () => {
  const run = at('none');
  const { code, stderr } = await runArrowhead('calibrate', ...SMALL, '--prompt', 'a', '--out', run, '--resume');
  expect(code).toBe(1);
  expect(stderr).toContain(`${run} holds no calibration to resume. Check the path, or start one there`);
  expect(await readdir(folder)).not.toContain('none');
});

it('demo writes into the library that ARROWHEAD_LIBRARY names', async () => {
  vi.stubEnv('ARROWHEAD_LIBRARY', at('library'));
  const { code, stdout } = await runArrowhead('demo', ...SMALL, '--prompt', 'a', '--json');
  expect(code).toBe(0);
  expect(path.dirname((JSON.parse(stdout) as { folder: string }).folder)).toBe(at('library'));
});
