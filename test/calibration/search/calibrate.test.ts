import { describe, expect, it } from 'vitest';
import { CalibrationError } from '../../../calibration/calibration-error.ts';
import { applyScheme } from '../../../calibration/scheme/apply-scheme.ts';
import { calibrate } from '../../../calibration/search/calibrate.ts';
import type { CalibrationProgress } from '../../../calibration/search/calibration-progress.ts';
import type { CalibrationRequest } from '../../../calibration/search/calibration-request.ts';
import { solveTable } from '../../../calibration/solver/solve-table.ts';
import { parseMethod } from '../../../mmdit/attention/method.ts';
import { PlanAttention } from '../../../mmdit/attention/plan-attention.ts';
import { fakePipeline, HEADS } from './fake-pipeline.ts';
import { searchByHand } from './search-by-hand.ts';

const STEPS = 6;
const request: CalibrationRequest = {
  prompts: ['a cube', 'two red spheres'],
  seeds: [3, 4],
  sampling: { steps: STEPS, guidance: 3.5, width: 64, height: 64 },
  delta: 0.05,
  headConstraint: 1.5,
  candidates: ['arrow/8', 'arrow/2', 'cached'].map(parseMethod),
};
const RESIDUAL = ['arrow/8', 'arrow/8+residual', 'arrow/2+residual', 'cached'].map(parseMethod);
const GUIDED = ['cfg+arrow/8+residual', 'cfg+arrow/2', 'arrow/8+residual', 'cfg', 'arrow/2'].map(parseMethod);

describe('calibrate', () => {
  it.each([
    ['over all prompts and seeds', false, request],
    ['with residuals', false, { ...request, delta: 0.005, candidates: RESIDUAL }],
    ['with sharing between guided and unguided', true, { ...request, delta: 0.005, candidates: GUIDED }],
  ])('finds the plan of a progressive search written out by hand, %s', async (_, guided, request) => {
    const pipeline = fakePipeline({ guided });
    const { table, scheme } = await calibrate(pipeline, request);
    const expected = searchByHand(request, guided);
    expect(scheme.methods).toEqual(expected.methods);
    expect(scheme.plan).toEqual(expected.plan);
    expect(new Set(scheme.plan.flat(2)).size).toBeGreaterThan(3);
    table.rse.forEach((value, at) => {
      const error = expected.errors[at]!;
      if (Number.isNaN(error)) expect(value).toBeNaN();
      else expect(Math.abs(value - error)).toBeLessThanOrEqual(1e-6 * error);
    });
    expect(pipeline.final()).toEqual(expected.state);
    expect(pipeline.counts.live).toBe(0);
  });

  it('chooses one method for all heads of a layer where asked to, and says so', async () => {
    const pipeline = fakePipeline();
    const bounds = { delta: 0.2, headConstraint: 2, granularity: 'layer' } as const;
    const layerwise = { ...request, ...bounds };
    const { table, scheme } = await calibrate(pipeline, layerwise);
    const expected = searchByHand(layerwise, false);
    expect(scheme.plan).toEqual(expected.plan);
    expect(new Set(scheme.plan.flat(2)).size).toBeGreaterThan(2);
    for (const heads of scheme.plan.flat()) expect(new Set(heads).size).toBe(1);
    expect(pipeline.final()).toEqual(expected.state);
    expect([scheme.search.granularity, table.search?.granularity]).toEqual(['layer', 'layer']);
    expect(solveTable(table, bounds).plan).toEqual(scheme.plan);
  });

  it('measures each layer once per step but the first, and attends once', async () => {
    const pipeline = fakePipeline();
    await calibrate(pipeline, request);
    expect(pipeline.counts).toMatchObject({ measured: (STEPS - 1) * 2, attended: STEPS * 2 });
  });

  it('makes a table whose re-solve at the same δ and c is the scheme itself', async () => {
    const { table, scheme } = await calibrate(fakePipeline(), request);
    const solved = solveTable(table, request);
    expect(solved.plan).toEqual(scheme.plan);
    expect(solved.saving).toBe(scheme.stats.saving);
    expect(solved.sparsity).toBe(scheme.stats.sparsity);
    expect(Math.max(...solved.rseUsed.flat())).toBe(scheme.stats.largestRse);
    expect(scheme.stats.largestRse).toBeLessThanOrEqual(request.delta);
  });

  it.each([
    ['plain', false, request],
    ['guided, with residuals', true, { ...request, delta: 0.005, candidates: GUIDED }],
  ])('describes the state that its plan generates, %s', async (_, guided, request) => {
    const pipeline = fakePipeline({ guided });
    const { scheme } = await calibrate(pipeline, request);
    const searched = pipeline.final();
    const { plan } = applyScheme(scheme, pipeline, request.sampling);
    const attention = new PlanAttention(pipeline.device, pipeline.layers, plan);
    const samples = request.prompts.flatMap((prompt) => request.seeds.map((seed) => ({ prompt, seed })));
    await pipeline.denoise({ samples, sampling: request.sampling, attention: (step) => attention.step(step) });
    expect(pipeline.final()).toEqual(searched);
  });

  it('keeps everything full under a budget of zero', async () => {
    const { scheme } = await calibrate(fakePipeline(), { ...request, delta: 0 });
    expect(scheme.stats).toMatchObject({ sparsity: 0, saving: 0, heads: [STEPS * 2 * HEADS, 0, 0, 0] });
  });

  it('reports progress that never falls, with positions and an estimate', async () => {
    const events: CalibrationProgress[] = [];
    await calibrate(fakePipeline(), request, { onProgress: (event) => events.push(event) });
    const values = events.map(({ value }) => value);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(events[0]).toMatchObject({ stage: 'encode', value: 0 });
    expect(events.filter(({ stage }) => stage === 'search')).toHaveLength(STEPS * 2);
    expect(events.at(-1)).toMatchObject({ step: 5, steps: 6, layer: 1, layers: 2, title: 'Calibrating' });
    expect(events.at(-1)?.etaSeconds).toBeGreaterThanOrEqual(0);
  });

  it('stops when its signal fires, releasing what it holds', async () => {
    const pipeline = fakePipeline();
    const controller = new AbortController();
    const reason = new Error('enough');
    const run = calibrate(pipeline, request, {
      signal: controller.signal,
      onProgress: (event) => {
        if (event.stage === 'search' && event.step === 3) controller.abort(reason);
      },
    });
    await expect(run).rejects.toBe(reason);
    expect(pipeline.counts.live).toBe(0);
  });

  it("takes savings from the user's file and from timing", async () => {
    const perMethod = { 'arrow/8': 5, 'arrow/2': 1, cached: 0 };
    const byFile = await calibrate(fakePipeline(), {
      ...request,
      delta: 100,
      headConstraint: null,
      cost: { source: 'file', perMethod },
    });
    expect(byFile.scheme.plan.slice(1).flat(2)).toEqual(new Array((STEPS - 1) * 2 * HEADS).fill(1));
    expect(byFile.scheme.search.cost).toBe('file');
    const measured = await calibrate(fakePipeline(), { ...request, cost: { source: 'measured' } });
    expect(measured.scheme.search.cost).toBe('measured');
  });

  it.each([
    ['no prompts', { prompts: [] }, /prompts: expected at least one/],
    ['no seeds', { seeds: [] }, /seeds/],
    ['no candidates', { candidates: [] }, /candidates/],
    ['sharing without guidance', { candidates: [parseMethod('cfg+arrow/8')] }, /cfg\+arrow\/8 shares.*built in/],
    ['full as a candidate', { candidates: [parseMethod('full')] }, /always offered/],
    ['a candidate twice', { candidates: [parseMethod('cached'), parseMethod('cached')] }, /"cached" twice/],
    ['a negative δ', { delta: -1 }, /delta/],
    ['half a seed', { seeds: [0.5] }, /seeds\.0/],
    ['a guidance that is no number', { sampling: { ...request.sampling, guidance: Number.NaN } }, /guidance/],
  ])('refuses %s', async (_name, changes, message) => {
    const run = calibrate(fakePipeline(), { ...request, ...changes });
    await expect(run).rejects.toThrow(message);
    await expect(run).rejects.toThrow(CalibrationError);
  });
});

it('stops where full attention is no number, naming step, layer and head', async () => {
  const pipeline = fakePipeline();
  const { device } = pipeline;
  const measure = device.measureAttention.bind(device);
  let calls = 0;
  const broken = Object.assign(Object.create(device), {
    measureAttention: async (call: Parameters<typeof measure>[0]) => {
      const sums = await measure(call);
      calls += 1;
      if (calls === 3) sums.sumOfSquares[1] = Number.NaN;
      return sums;
    },
  });
  const search = calibrate(Object.assign(Object.create(pipeline), { device: broken }), request);
  await expect(search).rejects.toThrow(CalibrationError);
  await expect(search).rejects.toThrow(/step \d of 6, full attention of \w+\.0\.attn, head 1, puts out NaN/);
});
