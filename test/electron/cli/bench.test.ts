import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSd3Folder } from '../../fixtures/pipeline-folders.ts';
import { runArrowhead } from './run-arrowhead.ts';

const SMALL = ['--size', '128x128', '--steps', '4', '--device', 'cpu', '--quiet'];

describe('arrowhead bench', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-bench-'));
    await writeSd3Folder(path.join(folder, 'sd3'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('times every method asked for, full attention first', async () => {
    const { code, stdout } = await runArrowhead('bench', ...SMALL, '--methods', 'arrow/8,cached', '--json');
    expect(code).toBe(0);
    const { rows, width } = JSON.parse(stdout);
    expect(width).toBe(128);
    expect(rows.map(({ method }: { method: string }) => method)).toEqual(['full', 'arrow/8', 'cached']);
    expect(rows[0]).toMatchObject({ sparsity: 0, speedUp: 1 });
    expect(rows[2]).toMatchObject({ sparsity: 1 });
    for (const { stepSeconds } of rows) expect(stepSeconds).toBeGreaterThan(0);
  });

  it('offers what shares guidance where there is guidance, and names what cannot be had', async () => {
    const model = [
      '--model',
      path.join(folder, 'sd3'),
      '--size',
      '96x64',
      '--steps',
      '3',
      '--device',
      'cpu',
      '--quiet',
    ];
    const guided = await runArrowhead('bench', ...model, '--json');
    expect(JSON.parse(guided.stdout).rows.map(({ method }: { method: string }) => method)).toContain('cfg+arrow/8');
    const unguided = await runArrowhead('bench', ...model, '--guidance', '1', '--methods', 'cfg');
    expect(unguided.code).toBe(2);
    expect(unguided.stderr).toMatch(/candidates: cfg shares attention.*which this run does not have/);
  });

  it('refuses fewer steps than can be counted', async () => {
    const { code, stderr } = await runArrowhead('bench', '--steps', '2');
    expect(code).toBe(2);
    expect(stderr).toContain('at least 3');
  });
});
