import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CalibrationFileError } from '../../../calibration/calibration-error.ts';
import { createRunIn } from '../../../calibration/runs/run.ts';
import { applyScheme } from '../../../calibration/scheme/apply-scheme.ts';
import { appliedReport } from '../../../calibration/scheme/applied-report.ts';
import { calibrate } from '../../../calibration/search/calibrate.ts';
import type { AppliedCall } from '../../../mmdit/attention/applied-call.ts';
import type { AttentionPlan } from '../../../mmdit/attention/attention-plan.ts';
import { parseMethod } from '../../../mmdit/attention/method.ts';
import { PlanAttention } from '../../../mmdit/attention/plan-attention.ts';
import { fakePipeline, HEADS, LAYERS } from '../search/fake-pipeline.ts';

const sampling = { steps: 6, guidance: 3.5, width: 64, height: 64 };
const pipeline = fakePipeline();
const { scheme } = await calibrate(pipeline, {
  prompts: ['a cube'],
  seeds: [1],
  sampling,
  delta: 0.05,
  headConstraint: null,
  candidates: ['arrow/8', 'cached'].map(parseMethod),
});
const { plan } = applyScheme(scheme, pipeline, sampling);

/** Denoises under a plan; `askFor` says which step's hook the sampler takes. */
async function run(own: AttentionPlan | null, askFor = (step: number) => step): Promise<readonly AppliedCall[]> {
  const attention = new PlanAttention(pipeline.device, pipeline.layers, own);
  const samples = [{ prompt: 'a cube', seed: 1 }];
  await pipeline.denoise({ samples, sampling, attention: (step) => attention.step(askFor(step)) });
  attention.close();
  return attention.applied;
}

const report = (applied: readonly AppliedCall[], of: typeof scheme | null = scheme, steps = 6) =>
  appliedReport(applied, { layers: pipeline.layers, steps, scheme: of });

describe('appliedReport', () => {
  it('proves that a scheme took effect: its heads, its sparsity, step by step', async () => {
    const found = report(await run(plan));
    expect(found).toMatchObject({ calls: 12, mismatches: 0, firstMismatch: null, methods: scheme.methods });
    expect(found.heads).toEqual(scheme.stats.heads);
    expect(found.sparsity).toBeCloseTo(scheme.stats.sparsity, 12);
    expect(found.steps).toHaveLength(6);
    expect(found.steps[0]).toEqual({ heads: [2 * HEADS, 0, 0], sparsity: 0 });
    const counts = scheme.methods.map((_, method) => scheme.plan[3]!.flat().filter((one) => one === method).length);
    expect(found.steps[3]!.heads).toEqual(counts);
  });

  it('catches a scheme that was ignored', async () => {
    const found = report(await run(null));
    expect(found.mismatches).toBe(scheme.stats.heads[1]! + scheme.stats.heads[2]!);
    expect(found.mismatches).toBeGreaterThan(0);
    expect(found.sparsity).toBe(0);
    expect(found.firstMismatch).toMatch(/^step \d, \S+, head \d: expected (arrow\/8|cached), full ran$/);
  });

  it('catches a single head that was tampered with', async () => {
    const choices = structuredClone(plan.choices) as number[][][];
    choices[4]![1]![2] = (choices[4]![1]![2]! + 1) % 3;
    const found = report(await run({ ...plan, choices }));
    const [was, ran] = [scheme.plan, choices].map((of) => scheme.methods[of[4]![1]![2]!]);
    expect(found.mismatches).toBe(1);
    expect(found.firstMismatch).toBe(`step 4, ${LAYERS[1]}, head 2: expected ${was}, ${ran} ran`);
  });

  it('catches steps that did not run, layers left out and heads that went missing', async () => {
    const calls = await run(plan);
    const twice = report(await run(plan, (step) => Math.min(step, 4)));
    expect(twice.mismatches).toBeGreaterThanOrEqual(2 * HEADS);
    const without = report(calls.filter(({ step, layer }) => step !== 2 || layer !== 1));
    expect(without).toMatchObject({ calls: 11, mismatches: HEADS });
    expect(without.firstMismatch).toBe(`step 2, ${LAYERS[1]}: no attention ran`);
    const short = calls.map((call, n) => (n === 3 ? { ...call, methods: call.methods.slice(1) } : call));
    expect(report(short).mismatches).toBeGreaterThan(0);
    expect(report(calls, scheme, 5).mismatches).toBeGreaterThan(0);
  });

  it('catches arrows in another block', async () => {
    const found = report((await run(plan)).map((call) => ({ ...call, block: [16, 16] as const })));
    expect(found.firstMismatch).toMatch(/expected block 8×8, 16×16 ran/);
  });

  it('without a scheme, everything is to be full', async () => {
    expect(report(await run(null), null)).toMatchObject({ mismatches: 0, methods: ['full'], heads: [6 * 2 * HEADS] });
    expect(report(await run(plan), null).mismatches).toBeGreaterThan(0);
  });

  it('of a scheme stretched to other steps, compares with the stretched one', async () => {
    const other = { ...sampling, steps: 9 };
    const stretched = applyScheme(scheme, pipeline, other, { force: true }).plan;
    const attention = new PlanAttention(pipeline.device, pipeline.layers, stretched);
    const samples = [{ prompt: 'a cube', seed: 1 }];
    await pipeline.denoise({ samples, sampling: other, attention: (step) => attention.step(step) });
    attention.close();
    expect(report(attention.applied, scheme, 9)).toMatchObject({ calls: 18, mismatches: 0 });
  });
});

describe('applied.json', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'applied-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('holds a report per picture, the later of two', async () => {
    const directory = path.join(folder, 'run');
    const made = await createRunIn(directory);
    expect(await made.readApplied()).toEqual([]);
    const [wrong, right] = [report(await run(null)), report(await run(plan))];
    await made.addApplied('compressed.png', wrong);
    await made.addApplied('other.png', wrong);
    await made.addApplied('compressed.png', right);
    expect(await made.readApplied()).toEqual([
      { picture: 'other.png', ...wrong },
      { picture: 'compressed.png', ...right },
    ]);
    await writeFile(path.join(directory, 'applied.json'), '{"format":"arrowhead-applied","version":2,"pictures":[]}');
    await expect(made.readApplied()).rejects.toThrow(CalibrationFileError);
    await expect(made.readApplied()).rejects.toThrow(/version.*newer/);
  });
});
