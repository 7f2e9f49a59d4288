import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CalibrationFileError } from '../../../calibration/calibration-error.ts';
import { applyScheme, SchemeMismatchError, schemeMismatches } from '../../../calibration/scheme/apply-scheme.ts';
import { buildScheme } from '../../../calibration/scheme/build-scheme.ts';
import type { Scheme } from '../../../calibration/scheme/scheme.ts';
import { formatScheme, readScheme, writeScheme } from '../../../calibration/scheme/scheme-file.ts';
import { calibrate } from '../../../calibration/search/calibrate.ts';
import { solveTable } from '../../../calibration/solver/solve-table.ts';
import { CACHED, FULL, parseMethod } from '../../../mmdit/attention/method.ts';
import { PlanError } from '../../../mmdit/attention/plan-error.ts';
import { fakePipeline } from '../search/fake-pipeline.ts';
import { smallTable } from '../small-table.ts';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'scheme-'));
  file = path.join(folder, 'a.scheme.json');
});
afterAll(() => rm(folder, { recursive: true }));

const table = smallTable();
const settings = { delta: 0.3, headConstraint: null, cost: 'flops' } as const;
const scheme = buildScheme(table, solveTable(table, settings), settings, 'preview');

describe('scheme files', () => {
  it('say everything that DESIGN lists', () => {
    expect(scheme).toMatchObject({
      format: 'arrowhead-scheme',
      version: 1,
      model: { family: 'flux', name: 'tiny', fingerprint: 'sha256:00' },
      sampling: { steps: 3, guidance: 3.5, textTokens: 8, tokenOrder: 'text-first' },
      search: { ...settings, mode: 'preview', candidates: ['arrow/8', 'arrow/16', 'cached'], seeds: [0, 1] },
      block: [8, 8],
      methods: ['full', 'arrow/8', 'arrow/16', 'cached'],
    });
    expect(scheme.stats.heads.reduce((a, b) => a + b)).toBe(3 * 2 * 4);
    expect(scheme.stats.sparsity).toBeGreaterThan(0);
  });

  it('are the same after export, import and export', async () => {
    await writeScheme(file, scheme);
    const first = await readFile(file, 'utf8');
    const read = await readScheme(file);
    expect(read).toEqual(scheme);
    await writeScheme(file, read);
    expect(await readFile(file, 'utf8')).toBe(first);
  });

  it('stay the same whatever the prompts hold', async () => {
    const prompts = ['"plan": 0', '\n      "plan": 0,\n', 'ünïcödé 🏹 \u2028'];
    await writeScheme(file, { ...scheme, search: { ...scheme.search, prompts } });
    expect((await readScheme(file)).search.prompts).toEqual(prompts);
  });

  it('say granularity only where it is not by head, as before there was another; both are read', async () => {
    expect(formatScheme(scheme)).not.toContain('granularity');
    const layerwise = { ...settings, granularity: 'layer' } as const;
    const made = buildScheme(table, solveTable(table, layerwise), layerwise, 'preview');
    for (const heads of made.plan.flat()) expect(new Set(heads).size).toBe(1);
    await writeScheme(file, made);
    expect((await readScheme(file)).search.granularity).toBe('layer');
    const spelled = { ...scheme, search: { ...scheme.search, granularity: 'head' as const } };
    await writeScheme(file, spelled);
    expect((await readScheme(file)).search.granularity).toBe('head');
  });

  const broken: [string, (scheme: Scheme) => unknown, RegExp][] = [
    ['another format', (s) => ({ ...s, format: 'scheme' }), /format/],
    ['a newer version', (s) => ({ ...s, version: 2 }), /version.*newer/],
    ['an unknown field', (s) => ({ ...s, extra: 1 }), /extra/],
    ['a missing plan', ({ plan: _, ...s }) => s, /plan/],
    ['a step too few', (s) => ({ ...s, plan: s.plan.slice(1) }), /plan.*3 steps.*found 2/],
    ['a layer too few', (s) => ({ ...s, plan: s.plan.map((p) => p.slice(1)) }), /plan\.0.*2 layers, found 1/],
    [
      'uneven heads',
      (s) => ({ ...s, plan: s.plan.map((p) => [p[0], p[1]!.slice(1)]) }),
      /plan\.0\.1.*4 heads, found 3/,
    ],
    ['a method beyond the list', (s) => ({ ...s, plan: s.plan.map((p) => p.map((h) => h.map(() => 4))) }), /below 4/],
    ['cached heads at step 0', (s) => ({ ...s, plan: s.plan.map((p) => p.map((h) => h.map(() => 3))) }), /step 0/],
    ['a method that is none', (s) => ({ ...s, methods: ['full', 'x', 'y', 'cached'] }), /methods\.1.*found "x"/],
    ['half a head', (s) => ({ ...s, plan: s.plan.map((p) => p.map((h) => h.map(() => 0.5))) }), /plan.*found 0\.5/],
    ['a granularity that is none', (s) => ({ ...s, search: { ...s.search, granularity: 'row' } }), /granularity/],
    ['a block of nothing', (s) => ({ ...s, block: [0, 64] }), /block\.0/],
  ];
  it.each(broken)('are refused with %s', async (_name, change, message) => {
    await writeFile(file, JSON.stringify(change(scheme)));
    await expect(readScheme(file)).rejects.toThrow(message);
    await expect(readScheme(file)).rejects.toThrow(CalibrationFileError);
  });

  it('are refused when cut short, missing or a folder', async () => {
    await writeFile(file, formatScheme(scheme).slice(0, -20));
    await expect(readScheme(file)).rejects.toThrow(/not valid JSON/);
    await expect(readScheme(path.join(folder, 'none.scheme.json'))).rejects.toThrow(/does not exist/);
    await expect(readScheme(folder)).rejects.toThrow(CalibrationFileError);
  });

  it('are not built from a table of unknown origin', () => {
    const unknown = smallTable({ model: null });
    expect(() => buildScheme(unknown, solveTable(table, settings), settings, 'preview')).toThrow(
      /does not say its model/,
    );
  });
});

describe('applyScheme', async () => {
  const pipeline = fakePipeline();
  const sampling = { steps: 6, guidance: 3.5, width: 64, height: 64 };
  const { scheme: made } = await calibrate(pipeline, {
    prompts: ['a cube'],
    seeds: [1],
    sampling,
    delta: 0.05,
    headConstraint: null,
    candidates: [parseMethod('arrow/8'), CACHED],
  });

  it('gives the plan to the pipeline that it was made for, at any size', () => {
    const { plan, mismatches } = applyScheme(made, pipeline, { ...sampling, width: 128 });
    expect(mismatches).toEqual([]);
    expect(plan.choices).toEqual(made.plan);
    expect(plan.methods).toEqual([FULL, parseMethod('arrow/8'), CACHED]);
    expect(plan.block).toEqual([8, 8]);
  });

  it('asks first about another model, step count or guidance, and obeys force', () => {
    const other = fakePipeline({ fingerprint: 'sha256:other' });
    const changed = { ...sampling, steps: 11, guidance: 1 };
    const found = schemeMismatches(made, other, changed).map(({ field }) => field);
    expect(found).toEqual(['model', 'steps', 'guidance']);
    expect(() => applyScheme(made, other, changed)).toThrow(SchemeMismatchError);
    expect(() => applyScheme(made, other, changed)).toThrow(/steps: made for 6, found 11/);
    const { plan, mismatches } = applyScheme(made, other, changed, { force: true });
    expect(mismatches).toHaveLength(3);
    expect(plan.choices).toHaveLength(11);
    expect(plan.choices[0]).toEqual(made.plan[0]);
    expect(plan.choices[1]).toEqual(made.plan[1]);
    expect(plan.choices[10]).toEqual(made.plan[5]);
  });

  it.each([
    ['scheduler', 'DPMSolver'],
    ['tokenOrder', 'image-first'],
    ['textTokens', 7],
  ] as const)('asks first where the %s differs', (field, value) => {
    const described = { ...pipeline.describeSampling(sampling), [field]: value };
    const other = Object.assign(Object.create(pipeline), { describeSampling: () => described });
    expect(schemeMismatches(made, other, sampling)).toEqual([
      { field, expected: String(made.sampling[field]), found: String(value) },
    ]);
    expect(() => applyScheme(made, other, sampling)).toThrow(new RegExp(`${field}: made for .*, found ${value}`));
  });

  it('shortens a plan without caching at step 0', () => {
    const { plan } = applyScheme(made, pipeline, { ...sampling, steps: 1 }, { force: true });
    expect(plan.choices).toEqual([made.plan[0]]);
  });

  it('cannot be forced onto a model of other layers', () => {
    const renamed = { ...made, layers: ['a', 'b'] };
    expect(() => applyScheme(renamed, pipeline, sampling, { force: true })).toThrow(PlanError);
  });
});
