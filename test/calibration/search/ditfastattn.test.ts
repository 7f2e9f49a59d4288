import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { applyScheme } from '../../../calibration/scheme/apply-scheme.ts';
import { calibrate } from '../../../calibration/search/calibrate.ts';
import type { CalibrationRequest } from '../../../calibration/search/calibration-request.ts';
import { layerThreshold, outputChange } from '../../../calibration/search/ditfastattn/output-change.ts';
import { FULL, type HeadMethod, parseMethod, sharesGuidance } from '../../../mmdit/attention/method.ts';
import { PlanAttention } from '../../../mmdit/attention/plan-attention.ts';
import {
  fakeHead,
  fakeInput,
  fakePipeline,
  fakeState,
  guidedTwin,
  HEAD_DIM,
  HEADS,
  LAYERS,
  withUnguided,
} from './fake-pipeline.ts';

const STEPS = 7;
const ORDER = ['cached', 'arrow/8+residual', 'arrow/2+residual'].map(parseMethod);
const GUIDED = ['cached', 'cfg+arrow/8+residual', 'arrow/8+residual', 'cfg'].map(parseMethod);
const request: CalibrationRequest = {
  prompts: ['a cube', 'two red spheres'],
  seeds: [3],
  sampling: { steps: STEPS, guidance: 3.5, width: 64, height: 64 },
  threshold: 0.08,
  delta: 0,
  headConstraint: null,
  candidates: ORDER,
};

/** DiTFastAttn's search written out by plain loops over the fake model. */
function greedyByHand(threshold: number, candidates: readonly HeadMethod[], guided: boolean) {
  const samples = request.prompts.map((prompt) => ({ prompt, seed: 3 }));
  const state = fakeState(guided ? withUnguided(samples) : samples);
  const headOf = (at: number): number => Math.floor(at / HEAD_DIM) % HEADS;
  const outputs: Float32Array[] = LAYERS.map(() => new Float32Array(state.length));
  const residuals = LAYERS.map(() => new Map<number, Float32Array>());
  const arrow = (input: Float32Array, at: number, fraction: number) =>
    Math.fround(fakeHead(input[at]!, { kind: 'arrow', fraction }, headOf(at)));
  const source = (at: number, method: HeadMethod) => (sharesGuidance(method) ? guidedTwin(at, state.length) : at);
  const attend = (input: Float32Array, layer: number, method: HeadMethod): Float32Array =>
    input.map((_, at) => {
      const from = source(at, method);
      if (method.kind === 'cached') return outputs[layer]![at]!;
      if (method.kind === 'full') return fakeHead(input[from]!, FULL, headOf(at));
      return arrow(input, from, method.fraction) + residuals[layer]!.get(method.fraction)![from]!;
    });
  const forward = (from: Float32Array, step: number, methods: readonly HeadMethod[], keeps: boolean): Float32Array => {
    const to = from.slice();
    for (const [layer, method] of methods.entries()) {
      const input = fakeInput(to, step, layer);
      const output = attend(input, layer, method);
      output.forEach((value, at) => {
        to[at]! += 0.25 * value;
      });
      if (!keeps) continue;
      outputs[layer] = output;
      if (method.kind !== 'full') continue;
      for (const fraction of [2, 8]) {
        const kept = input.map((_, at) => output[at]! - arrow(input, source(at, method), fraction));
        residuals[layer]!.set(fraction, kept);
      }
    }
    return to;
  };
  const plan: HeadMethod[][] = [];
  let passes = 0;
  for (let step = 0; step < STEPS; step++) {
    const chosen: HeadMethod[] = LAYERS.map(() => FULL);
    if (step > 0) {
      const raw = forward(state, step, chosen, false);
      passes += 1;
      for (const layer of LAYERS.keys()) {
        for (const method of candidates) {
          passes += 1;
          const output = forward(state, step, chosen.with(layer, method), false);
          const terms = Array.from(raw, (a, i) =>
            Math.min(10, Math.abs((a - output[i]!) / (Math.max(a, output[i]!) + 1e-6))),
          );
          const change = terms.reduce((sum, term) => sum + term, 0) / terms.length;
          if (!(change < ((layer + 1) / LAYERS.length) * threshold)) continue;
          chosen[layer] = method;
          break;
        }
      }
    }
    state.set(forward(state, step, chosen, true));
    plan.push(chosen);
  }
  return { plan, passes, state };
}

describe("DiTFastAttn's search", () => {
  it.each([
    ['windows, residuals and output sharing', ORDER, false, [0.02, 0.08, 0.3]],
    ['sharing between guided and unguided', GUIDED, true, [0.05, 0.15, 0.4]],
  ] as const)(
    'finds the plan that plain loops find, in as many forward passes: %s',
    async (_, candidates, guided, thresholds) => {
      const used = new Set<string>();
      for (const threshold of thresholds) {
        const pipeline = fakePipeline({ guided });
        const { scheme } = await calibrate(pipeline, { ...request, threshold, candidates });
        const expected = greedyByHand(threshold, candidates, guided);
        const names = scheme.plan.map((layers) => layers.map((heads) => scheme.methods[heads[0]!]));
        expect(names.map((layers) => layers.map((name) => parseMethod(name!)))).toEqual(expected.plan);
        for (const heads of scheme.plan.flat()) expect(new Set(heads).size).toBe(1);
        expect(pipeline.counts.predicted).toBe(expected.passes);
        expect(pipeline.final()).toEqual(expected.state);
        expect(pipeline.counts.live).toBe(0);
        for (const name of names.flat()) used.add(name!);
      }
      expect(used.size).toBeGreaterThan(2);
    },
  );

  it('tries every candidate of every layer where none is allowed, and one where all are', async () => {
    const strict = fakePipeline();
    const { scheme } = await calibrate(strict, { ...request, threshold: 0 });
    expect(scheme.stats.sparsity).toBe(0);
    expect(strict.counts.predicted).toBe((STEPS - 1) * (1 + LAYERS.length * ORDER.length));
    const lax = fakePipeline();
    const { scheme: cached } = await calibrate(lax, { ...request, threshold: 1e9 });
    expect(
      cached.plan
        .slice(1)
        .flat(2)
        .every((method) => cached.methods[method] === 'cached'),
    ).toBe(true);
    expect(lax.counts.predicted).toBe((STEPS - 1) * (1 + LAYERS.length));
  });

  it('makes an ordinary scheme that says where it is from, and a table of RSE along its way', async () => {
    const pipeline = fakePipeline();
    const { scheme, table } = await calibrate(pipeline, { ...request, delta: 0.7, headConstraint: 2 });
    const search = { algorithm: 'ditfastattn', threshold: 0.08, delta: 0, headConstraint: null, granularity: 'layer' };
    expect(scheme.search).toMatchObject({ ...search, candidates: ORDER.map(() => expect.any(String)) });
    expect(table.search).toMatchObject(search);
    expect(pipeline.counts.measured).toBe((STEPS - 1) * LAYERS.length);
    const searched = pipeline.final();
    const { plan } = applyScheme(scheme, pipeline, request.sampling);
    const attention = new PlanAttention(pipeline.device, pipeline.layers, plan);
    const samples = request.prompts.map((prompt) => ({ prompt, seed: 3 }));
    await pipeline.denoise({ samples, sampling: request.sampling, attention: (step) => attention.step(step) });
    expect(pipeline.final()).toEqual(searched);
  });

  it('resumed after a stop between two tries, ends with the bytes of one that ran through', async () => {
    const root = await mkdtemp(path.join(tmpdir(), 'ditfastattn-'));
    onTestFinished(() => rm(root, { recursive: true }));
    const [whole, cut] = [path.join(root, 'whole'), path.join(root, 'cut')];
    await calibrate(fakePipeline(), request, { directory: whole });
    const controller = new AbortController();
    const stopped = calibrate(fakePipeline(), request, {
      directory: cut,
      signal: controller.signal,
      onProgress: (event) => {
        if (event.stage === 'search' && event.step === 4 && event.layer === 1) controller.abort(new Error('stop'));
      },
    });
    await expect(stopped).rejects.toThrow('stop');
    await expect(
      calibrate(fakePipeline(), { ...request, threshold: 0.1 }, { directory: cut, resume: true }),
    ).rejects.toThrow(/search\.threshold was 0\.08, now 0\.1/);
    const pipeline = fakePipeline();
    const { resumedSteps } = await calibrate(pipeline, request, { directory: cut, resume: true });
    expect(resumedSteps).toBe(4);
    expect(pipeline.counts.predicted).toBeLessThanOrEqual(3 * (1 + LAYERS.length * ORDER.length));
    for (const name of ['rse.safetensors', 'scheme.scheme.json'])
      expect(await readFile(path.join(cut, name))).toEqual(await readFile(path.join(whole, name)));
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a threshold of %s', async (threshold) => {
    await expect(calibrate(fakePipeline(), { ...request, threshold })).rejects.toThrow(/threshold: expected a finite/);
  });
});

describe('outputChange', () => {
  it('is the mean of differences relative to the larger value, each at most 10', () => {
    expect(outputChange(Float32Array.of(1, 2), Float32Array.of(1, 2))).toBe(0);
    expect(outputChange(Float32Array.of(2), Float32Array.of(1))).toBeCloseTo(0.5, 6);
    expect(outputChange(Float32Array.of(1), Float32Array.of(2))).toBeCloseTo(0.5, 6);
    // The maximum is of the signed values, as published: the smaller magnitude of two negative ones.
    expect(outputChange(Float32Array.of(-2), Float32Array.of(-1))).toBeCloseTo(1, 5);
    expect(outputChange(Float32Array.of(-3), Float32Array.of(1))).toBeCloseTo(4, 5);
    expect(outputChange(Float32Array.of(-1, 0), Float32Array.of(0, 0))).toBe(5);
    expect(outputChange(Float32Array.of(0), Float32Array.of(0))).toBe(0);
    expect(outputChange(Float32Array.of(1), Float32Array.of(Number.NaN))).toBeNaN();
  });

  it('may be larger after later layers', () => {
    expect([0, 1, 2, 3].map((layer) => layerThreshold(0.1, layer, 4))).toEqual([0.025, 0.05, 0.1 * 0.75, 0.1]);
  });
});
