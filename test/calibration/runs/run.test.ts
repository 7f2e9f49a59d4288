import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CalibrationFileError } from '../../../calibration/calibration-error.ts';
import { createRun, createRunIn, openRun } from '../../../calibration/runs/run.ts';
import { buildScheme } from '../../../calibration/scheme/build-scheme.ts';
import { solveTable } from '../../../calibration/solver/solve-table.ts';
import { FileWriteError } from '../../../mmdit/files/write-whole-file.ts';
import { smallTable } from '../small-table.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'runs-'));
});
afterEach(() => rm(root, { recursive: true }));

const created = '2026-03-22T10:20:30.456Z';

describe('run folders', () => {
  it('are named by time and name, and hold run.json', async () => {
    const run = await createRun(path.join(root, 'runs'), 'Δ=0.4 “First” run / 2', { created });
    expect(path.relative(root, run.folder)).toBe(path.join('runs', '2026-03-22T10-20-30-0-4-first-run-2'));
    expect((await openRun(run.folder)).manifest).toEqual(run.manifest);
    expect(run.manifest).toMatchObject({ name: 'Δ=0.4 “First” run / 2', created, status: 'running', model: null });
  });

  it('never share a folder', async () => {
    const runs = await Promise.all([1, 2, 3, 4].map(() => createRun(root, '...', { created })));
    const names = runs.map(({ folder }) => path.basename(folder)).sort();
    const base = '2026-03-22T10-20-30-run';
    expect(names).toEqual([base, `${base}-2`, `${base}-3`, `${base}-4`]);
  });

  it('can be a folder of choice, whose run.json is kept', async () => {
    const folder = path.join(root, 'mine');
    await createRunIn(folder, { created });
    expect((await createRunIn(folder)).manifest.created).toBe(created);
  });

  it('hold pictures, metrics, tables and schemes', async () => {
    const run = await createRun(root, 'whole', { created });
    const pixels = Uint8Array.from({ length: 4 * 3 * 3 }, (_, at) => at * 7);
    const file = await run.writePng('original.png', { width: 4, height: 3, pixels });
    const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 4, height: 3, channels: 3 });
    expect(Uint8Array.from(data)).toEqual(pixels);

    const files = { original: 'original.png', compressed: 'compressed.png' };
    const equal = { identical: true, ssim: 1, psnr: null, mse: 0 };
    const picture = { prompt: 'x', seed: 1, ...files, ...equal, lpips: 0, lpipsPaper: 0.5 };
    await run.writeMetrics([picture]);
    expect(await run.readMetrics()).toEqual([picture]);
    // As it was before there was a second protocol.
    const { lpipsPaper: _, ...older } = picture;
    const metrics = { format: 'arrowhead-metrics', version: 1, pictures: [older] };
    await writeFile(run.path('metrics.json'), JSON.stringify(metrics));
    expect(await run.readMetrics()).toEqual([{ ...older, lpipsPaper: null }]);

    const table = smallTable();
    await run.writeTable(table);
    expect(await run.readTable()).toEqual(table);
    const settings = { delta: 0.3, headConstraint: null, cost: 'flops' } as const;
    const scheme = buildScheme(table, solveTable(table, settings), settings, 'preview');
    await run.writeScheme(scheme);
    await run.writeScheme(scheme, 'other.scheme.json');
    expect(await run.schemes()).toEqual(['other.scheme.json', 'scheme.scheme.json']);
    expect(await run.readScheme('other.scheme.json')).toEqual(scheme);

    await run.update({ status: 'finished', seconds: { search: 1.5 } });
    expect((await openRun(run.folder)).manifest).toMatchObject({
      status: 'finished',
      seconds: { search: 1.5 },
      created,
    });
    expect((await readdir(run.folder)).sort()).toEqual([
      'metrics.json',
      'original.png',
      'other.scheme.json',
      'rse.safetensors',
      'run.json',
      'scheme.scheme.json',
    ]);
  });

  it('write nothing outside themselves', async () => {
    const run = await createRun(root, 'inside');
    for (const name of ['../x.png', '/tmp/x.png', '..', '.', '', 'a/b']) expect(() => run.path(name)).toThrow(/plain/);
  });

  it('of a newer Arrowhead are refused by name', async () => {
    const folder = path.join(root, 'newer');
    await mkdir(folder);
    await writeFile(path.join(folder, 'run.json'), '{"format": "arrowhead-run", "version": 7}');
    await expect(openRun(folder)).rejects.toThrow(/run\.json: field "version".*newer/);
  });

  it('say which file is wrong, and which folder cannot be made', async () => {
    await expect(openRun(root)).rejects.toThrow(CalibrationFileError);
    await writeFile(path.join(root, 'file'), '');
    await expect(createRun(path.join(root, 'file'), 'x')).rejects.toThrow(FileWriteError);
    const run = await createRun(root, 'kept');
    const before = await readFile(run.path('run.json'), 'utf8');
    await expect(run.update({ seconds: { search: Number.NaN } })).rejects.toThrow();
    expect(await readFile(run.path('run.json'), 'utf8')).toBe(before);
  });
});
