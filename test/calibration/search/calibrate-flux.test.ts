import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRseTable } from '../../../calibration/rse/rse-table-file.ts';
import { applyScheme } from '../../../calibration/scheme/apply-scheme.ts';
import { calibrate } from '../../../calibration/search/calibrate.ts';
import type { CalibrationRequest } from '../../../calibration/search/calibration-request.ts';
import { solveTable } from '../../../calibration/solver/solve-table.ts';
import { parseMethod } from '../../../mmdit/attention/method.ts';
import { PlanAttention } from '../../../mmdit/attention/plan-attention.ts';
import { CpuDevice } from '../../../mmdit/device/cpu-device.ts';
import { openPipeline } from '../../../mmdit/pipeline/open-pipeline.ts';
import type { DenoiseRequest, Latents, Pipeline } from '../../../mmdit/pipeline/pipeline.ts';

const request: CalibrationRequest = {
  prompts: ['a red cube left of a blue sphere', 'a photo of a cat'],
  seeds: [5],
  sampling: { steps: 5, guidance: 3.5, width: 96, height: 64 },
  delta: 0.5,
  headConstraint: 1.5,
  candidates: ['arrow/2', 'arrow/4', 'arrow/8', 'cached'].map(parseMethod),
  block: [32, 32],
};

let device: CpuDevice;
let pipeline: Pipeline;
let root: string;
beforeAll(async () => {
  device = await CpuDevice.open();
  pipeline = await openPipeline('test/golden/pipeline/flux-pipeline-tiny', device, { textTokens: 16 });
  root = await mkdtemp(path.join(tmpdir(), 'calibrate-flux-'));
});
afterAll(async () => {
  await pipeline.close();
  await device.close();
  await rm(root, { recursive: true });
});

/** The pipeline itself, which also tells what its denoising loops end with. */
function recording(ends: Latents[]): Pipeline {
  return Object.create(pipeline, {
    denoise: {
      value: async (denoise: DenoiseRequest) => {
        const latents = await pipeline.denoise(denoise);
        ends.push(latents);
        return latents;
      },
    },
    describeSampling: { value: pipeline.describeSampling.bind(pipeline) },
    identity: { value: pipeline.identity },
    device: { value: pipeline.device },
    layers: { value: pipeline.layers },
  }) as Pipeline;
}

describe('calibrating a FLUX transformer on the CPU', () => {
  it('measures, chooses under δ and c, and ends with the latents that its plan makes', async () => {
    const ends: Latents[] = [];
    const { scheme, table } = await calibrate(recording(ends), request);
    expect(table.layers).toEqual(pipeline.layers.map(({ name }) => name));
    expect(new Set(scheme.plan.flat(2)).size).toBeGreaterThan(1);
    expect(scheme.stats.sparsity).toBeGreaterThan(0);
    expect(scheme.stats.largestRse).toBeLessThanOrEqual(0.5);
    const { plan } = applyScheme(scheme, pipeline, request.sampling);
    const attention = new PlanAttention(device, pipeline.layers, plan);
    const samples = request.prompts.map((prompt) => ({ prompt, seed: 5 }));
    const again = await pipeline.denoise({
      samples,
      sampling: request.sampling,
      attention: (step) => attention.step(step),
    });
    attention.close();
    expect(again.values).toEqual(ends[0]!.values);
    expect(again.values.every(Number.isFinite)).toBe(true);
  });

  it('searches as DiTFastAttn does, and ends with the latents that its plan makes', async () => {
    const ends: Latents[] = [];
    const greedy = { threshold: 0.1, candidates: ['cached', 'arrow/4+residual'].map(parseMethod) };
    const { scheme } = await calibrate(recording(ends), { ...request, ...greedy });
    expect(scheme.search).toMatchObject({ algorithm: 'ditfastattn', threshold: 0.1 });
    expect(new Set(scheme.plan.flat(2)).size).toBeGreaterThan(1);
    const { plan } = applyScheme(scheme, pipeline, request.sampling);
    const attention = new PlanAttention(device, pipeline.layers, plan);
    const again = await pipeline.denoise({
      samples: request.prompts.map((prompt) => ({ prompt, seed: 5 })),
      sampling: request.sampling,
      attention: (step) => attention.step(step),
    });
    attention.close();
    expect(again.values).toEqual(ends[0]!.values);
  });

  it('resumed after a cancel, writes the bytes of a search that ran through', async () => {
    const [whole, resumed] = [path.join(root, 'whole'), path.join(root, 'resumed')];
    await calibrate(pipeline, request, { directory: whole });
    const controller = new AbortController();
    const cancelled = calibrate(pipeline, request, {
      directory: resumed,
      signal: controller.signal,
      onProgress: (event) => {
        if (event.stage === 'search' && event.step === 3 && event.layer === 1) controller.abort(new Error('stop'));
      },
    });
    await expect(cancelled).rejects.toThrow('stop');
    const { resumedSteps } = await calibrate(pipeline, request, { directory: resumed, resume: true });
    expect(resumedSteps).toBe(3);
    for (const name of ['rse.safetensors', 'scheme.scheme.json']) {
      expect(await readFile(path.join(resumed, name))).toEqual(await readFile(path.join(whole, name)));
    }
    const table = await readRseTable(path.join(whole, 'rse.safetensors'));
    expect(solveTable(table, { delta: 0.1, headConstraint: null }).sparsity).toBeGreaterThanOrEqual(0);
  });

  it('times the methods where asked to, and keeps savings that a plan can be solved with', async () => {
    const { scheme } = await calibrate(pipeline, { ...request, cost: { source: 'measured' } });
    expect(scheme.search.cost).toBe('measured');
    expect(Number.isFinite(scheme.stats.saving)).toBe(true);
  });
});
