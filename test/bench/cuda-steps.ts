/**
 * A FLUX.1-dev-shaped transformer step on a CUDA card, full and under a scheme, in bf16 and fp8, and a progressive search.
 * Weights are random: times are those of the real model. Prints a table; --json FILE keeps the numbers.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { calibrate, planSparsity } from '../../calibration/index.ts';
import {
  type AttentionPlan,
  CudaDevice,
  type HeadMethod,
  openPipeline,
  type Pipeline,
  PlanAttention,
  type Sampling,
  writeSynthetic,
} from '../../mmdit/index.ts';

const { values: options } = parseArgs({
  options: {
    steps: { type: 'string', default: '6' },
    sizes: { type: 'string', default: '2048,1024' },
    sparsity: { type: 'string', default: '0.68' },
    search: { type: 'string', default: '4' },
    json: { type: 'string' },
  },
});

const FULL: HeadMethod = { kind: 'full' };
const arrow = (fraction: number): HeadMethod => ({ kind: 'arrow', fraction });
/** What heads that are not full do, in turns: as schemes of calibrated models mix them. */
const SPARSE: readonly HeadMethod[] = [
  arrow(8),
  { kind: 'cached' },
  arrow(16),
  arrow(8),
  arrow(32),
  { kind: 'cached' },
];
const METHODS: readonly HeadMethod[] = [FULL, ...SPARSE];

const steps = Number(options.steps);
const results: Record<string, unknown>[] = [];
const folder = mkdtempSync(path.join(tmpdir(), 'arrowhead-bench-'));
try {
  await writeSynthetic(folder, 'flux-dev', { seed: 1 });
  for (const projections of ['bf16', 'fp8'] as const) await benchDevice(projections);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (options.json) writeFileSync(options.json, JSON.stringify(results, null, 1));

async function benchDevice(projections: 'bf16' | 'fp8'): Promise<void> {
  const device = CudaDevice.open({ projections });
  const begin = performance.now();
  const pipeline = await openPipeline(folder, device);
  await device.finish();
  report({ what: `${projections}: weights made`, seconds: (performance.now() - begin) / 1000 });
  try {
    for (const size of options.sizes.split(',').map(Number)) {
      const sampling = { steps, guidance: 3.5, width: size, height: size };
      const full = await stepTime(pipeline, sampling, null);
      report({ what: `${projections} ${size}² full`, ms: full, ...bound(pipeline, sampling, 0, projections) });
      const plan = sparsePlan(pipeline, sampling, Number(options.sparsity));
      const fast = await stepTime(pipeline, sampling, plan.plan);
      report({
        ...{ what: `${projections} ${size}² scheme`, ms: fast, sparsity: plan.sparsity, speedup: full / fast },
        ...bound(pipeline, sampling, plan.sparsity, projections),
      });
    }
    if (projections === 'bf16') await benchSearch(pipeline);
    report({ what: `${projections}: peak memory`, GiB: device.memory.peakBytes / 2 ** 30 });
  } finally {
    await pipeline.close();
    await device.close();
  }
}

/** A search of `--search` steps at the first size against plain generation of as many. */
async function benchSearch(pipeline: Pipeline): Promise<void> {
  const size = Number(options.sizes.split(',')[0]);
  const sampling = { steps: Number(options.search), guidance: 3.5, width: size, height: size };
  const plain = await loopSeconds(pipeline, sampling, null);
  const request = {
    ...{ prompts: ['a lighthouse'], seeds: [0], delta: 24, headConstraint: 2 },
    ...{ candidates: [arrow(8), arrow(16), arrow(32), { kind: 'cached' } as const], sampling },
    cost: { source: 'flops' as const },
  };
  const { seconds, scheme } = await calibrate(pipeline, request);
  const { sparsity } = scheme.stats;
  report({ what: `search, ${sampling.steps} steps, ${size}²`, seconds, plain, ofPlain: seconds / plain, sparsity });
}

/** Median milliseconds per step after the first, which has first-call costs, and in a plan nothing to cache. */
async function stepTime(pipeline: Pipeline, sampling: Sampling, plan: AttentionPlan | null): Promise<number> {
  const times: number[] = [];
  let last = performance.now();
  await loop(pipeline, sampling, plan, () => {
    times.push(performance.now() - last);
    last = performance.now();
  });
  const sorted = times.slice(1).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

async function loopSeconds(pipeline: Pipeline, sampling: Sampling, plan: AttentionPlan | null): Promise<number> {
  const begin = performance.now();
  await loop(pipeline, sampling, plan, () => {});
  return (performance.now() - begin) / 1000;
}

async function loop(
  pipeline: Pipeline,
  sampling: Sampling,
  plan: AttentionPlan | null,
  afterStep: () => void,
): Promise<void> {
  const attention = new PlanAttention(pipeline.device, pipeline.layers, plan);
  try {
    const samples = [{ prompt: 'a lighthouse', seed: 0 }];
    await pipeline.denoise({ samples, sampling, attention: (step) => attention.step(step), afterStep });
  } finally {
    attention.close();
  }
}

/** As few full heads as reach the sparsity, spread differently over every layer. Step 0 is full. */
function sparsePlan(pipeline: Pipeline, sampling: Sampling, wanted: number): { plan: AttentionPlan; sparsity: number } {
  const { layers, device } = pipeline;
  const { heads, headDim } = layers[0]!;
  const block = device.preferredBlock(headDim);
  const { layouts } = pipeline.describeSampling(sampling);
  for (let full = heads; full >= 0; full--) {
    const row = (layer: number) =>
      Array.from({ length: heads }, (_, head) => {
        const turn = (head * 7 + layer) % heads;
        return turn < full ? 0 : 1 + (turn % SPARSE.length);
      });
    const choices = Array.from({ length: sampling.steps }, (_, step) =>
      layers.map((_, layer) => (step === 0 ? new Array<number>(heads).fill(0) : row(layer))),
    );
    const plan = { block, methods: METHODS, layers: layers.map(({ name }) => name), choices };
    const sparsity = planSparsity(choices.slice(1), METHODS, { block, headDim, layouts });
    if (sparsity >= wanted) return { plan, sparsity };
  }
  throw new Error(`no plan reaches a sparsity of ${wanted}`);
}

/** The least time that the card's measured ceilings allow, and how near this is. */
function bound(pipeline: Pipeline, sampling: Sampling, sparsity: number, projections: 'bf16' | 'fp8') {
  const { textTokens, imageTokens } = pipeline.describeSampling(sampling);
  const tokens = textTokens + imageTokens;
  const attention = pipeline.layers.reduce((sum, { heads, headDim }) => sum + 4 * tokens ** 2 * heads * headDim, 0);
  const linear = pipeline.linearFlops({ ...sampling, steps: 1 });
  const floorMs = (linear / (projections === 'fp8' ? 1348e12 : 797e12) + (attention * (1 - sparsity)) / 797e12) * 1000;
  return { floorMs };
}

function report(row: Record<string, unknown> & { what: string }): void {
  results.push(row);
  const cells = Object.entries(row).filter(([key]) => key !== 'what');
  const text = cells.map(([key, value]) => `${key} ${typeof value === 'number' ? value.toFixed(3) : value}`).join('  ');
  console.log(`${row.what.padEnd(34)} ${text}`);
}
