/**
 * A FLUX.1-dev-shaped transformer step on a CUDA card, full and under a scheme, in bf16 and fp8, and a progressive search.
 * Weights are random: times are those of the real model. Prints a table; --json FILE keeps the numbers.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { planSparsity } from '../../calibration/cost/sparsity.ts';
import { calibrate } from '../../calibration/search/calibrate.ts';
import {
  type AttentionPlan,
  Component,
  CudaDevice,
  type HeadMethod,
  openPipeline,
  PlanAttention,
  writeSynthetic,
} from '../../mmdit/index.ts';
import { FluxModel } from '../../mmdit/models/flux.ts';
import { textFirst } from '../../mmdit/models/flux-run.ts';
import type { PreparedModel } from '../../mmdit/models/mmdit-model.ts';

const { values: options } = parseArgs({
  options: {
    steps: { type: 'string', default: '8' },
    sizes: { type: 'string', default: '2048,1024' },
    sparsity: { type: 'string', default: '0.68' },
    search: { type: 'string', default: '4' },
    json: { type: 'string' },
  },
});

const SEED = 1;
const TEXT = 512;
const LATENTS = 64;
/** Measured on an H200: matrix products of FLUX's shapes, FLOP/s. */
const CEILING = { bf16: 797e12, fp8: 1348e12 };
const FULL: HeadMethod = { kind: 'full' };
const arrow = (fraction: number): HeadMethod => ({ kind: 'arrow', fraction });
const CACHED: HeadMethod = { kind: 'cached' };
/** What heads that are not full do, in turns: as schemes of calibrated models mix them. */
const SPARSE: readonly HeadMethod[] = [arrow(8), CACHED, arrow(16), arrow(8), arrow(32), CACHED];
const METHODS: readonly HeadMethod[] = [FULL, ...SPARSE];

const steps = Number(options.steps);
const sizes = options.sizes.split(',').map(Number);
const results: Record<string, unknown>[] = [];
const folder = mkdtempSync(path.join(tmpdir(), 'arrowhead-bench-'));
try {
  await writeSynthetic(folder, 'flux-dev', { seed: SEED });
  for (const projections of ['bf16', 'fp8'] as const) await benchSteps(projections);
  await benchSearch();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (options.json) writeFileSync(options.json, JSON.stringify(results, null, 1));

async function benchSteps(projections: 'bf16' | 'fp8'): Promise<void> {
  const device = CudaDevice.open({ projections });
  const component = await Component.openSynthetic(path.join(folder, 'transformer'), { seed: SEED });
  const model = await FluxModel.open(component, device);
  try {
    for (const size of sizes) {
      const image = (size / 16) ** 2;
      const prepared = model.prepare({
        ...{ batch: 1, textTokens: TEXT, guidance: new Float32Array([3.5]) },
        context: wave(TEXT * model.config.contextChannels),
        pooled: wave(model.config.pooledChannels),
        textIds: new Float32Array(TEXT * 3),
        imageIds: Float32Array.from(
          { length: image * 3 },
          (_, i) => [0, (i / 3 / (size / 16)) | 0, (i / 3) % (size / 16)][i % 3]!,
        ),
      });
      const full = await stepTime(device, model, prepared, image, null);
      report({ what: `${projections} ${size}² full`, ms: full, ...floor(model, image, null, projections) });
      const { plan, sparsity } = sparsePlan(device, model, image);
      const fast = await stepTime(device, model, prepared, image, plan);
      const row = { what: `${projections} ${size}² scheme`, ms: fast, sparsity, speedup: full / fast };
      report({ ...row, ...floor(model, image, { plan, sparsity }, projections) });
      prepared.close();
    }
    report({ what: `${projections}: peak memory`, GiB: device.memory.peakBytes / 2 ** 30 });
  } finally {
    model.close();
    await device.close();
  }
}

/**
 * Median milliseconds of the transformer alone, latents and prediction on the card, as the peer is timed; without the
 * first step, which has first-call costs and, in a plan, nothing to cache.
 */
async function stepTime(
  device: CudaDevice,
  model: FluxModel,
  prepared: PreparedModel,
  image: number,
  plan: AttentionPlan | null,
): Promise<number> {
  const attention = new PlanAttention(device, model.shape.layers, plan);
  const sample = device.upload(wave(image * LATENTS), [1, image, LATENTS]);
  const times: number[] = [];
  for (let step = 0; step < steps; step++) {
    const begin = performance.now();
    const prediction = await prepared.predict(sample, new Float32Array([1 - step / steps]), {
      attention: attention.step(step),
    });
    await device.finish();
    times.push(performance.now() - begin);
    device.release(prediction);
  }
  device.release(sample);
  attention.close();
  const sorted = times.slice(1).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** A search of `--search` steps at the first size against plain generation of as many. */
async function benchSearch(): Promise<void> {
  const device = CudaDevice.open();
  const pipeline = await openPipeline(folder, device);
  const size = sizes[0]!;
  const sampling = { steps: Number(options.search), guidance: 3.5, width: size, height: size };
  const samples = [{ prompt: 'a lighthouse', seed: 0 }];
  const attention = new PlanAttention(device, pipeline.layers, null);
  try {
    const begin = performance.now();
    await pipeline.denoise({ samples, sampling, attention: (step) => attention.step(step) });
    const plain = (performance.now() - begin) / 1000;
    const { seconds, scheme } = await calibrate(pipeline, {
      ...{ prompts: ['a lighthouse'], seeds: [0], delta: 24, headConstraint: 2 },
      ...{ candidates: [arrow(8), arrow(16), arrow(32), CACHED], sampling, cost: { source: 'flops' } },
    });
    const { sparsity } = scheme.stats;
    report({ what: `search, ${sampling.steps} steps, ${size}²`, seconds, plain, ofPlain: seconds / plain, sparsity });
  } finally {
    attention.close();
    await pipeline.close();
    await device.close();
  }
}

/** As few full heads as reach the sparsity, spread differently over every layer. Step 0 is full. */
function sparsePlan(device: CudaDevice, model: FluxModel, image: number): { plan: AttentionPlan; sparsity: number } {
  const { layers } = model.shape;
  const { heads, headDim } = layers[0]!;
  const block = device.preferredBlock(headDim);
  const layouts = layers.map(() => textFirst(TEXT, image));
  const wanted = Number(options.sparsity);
  // From all heads full downwards: the first that is sparse enough is the least sparse of those.
  for (let full = heads * layers.length; full >= 0; full--) {
    const row = (layer: number) => {
      const own = Math.floor(full / layers.length) + (layer < full % layers.length ? 1 : 0);
      return Array.from({ length: heads }, (_, head) => {
        const turn = (head * 7 + layer) % heads;
        return turn < own ? 0 : 1 + ((turn - own) % SPARSE.length);
      });
    };
    const rows = layers.map((_, layer) => row(layer));
    const sparsity = planSparsity([rows], METHODS, { block, headDim, layouts });
    if (sparsity < wanted) continue;
    const first = layers.map(() => new Array<number>(heads).fill(0));
    const choices = Array.from({ length: steps }, (_, step) => (step === 0 ? first : rows));
    return { plan: { block, methods: METHODS, layers: layers.map(({ name }) => name), choices }, sparsity };
  }
  throw new Error(`no plan reaches a sparsity of ${options.sparsity}`);
}

/** The least milliseconds that the card's measured ceilings allow; heads that are cached need no q, k and v. */
function floor(
  model: FluxModel,
  image: number,
  scheme: { readonly plan: AttentionPlan; readonly sparsity: number } | null,
  projections: 'bf16' | 'fp8',
) {
  const tokens = TEXT + image;
  let [attention, unread] = [0, 0];
  for (const [layer, { heads, headDim }] of model.shape.layers.entries()) {
    attention += 4 * tokens ** 2 * heads * headDim;
    const methods = scheme?.plan.choices.at(-1)?.[layer]?.map((choice) => scheme.plan.methods[choice]!) ?? [];
    const cached = methods.filter(({ kind }) => kind === 'cached').length;
    unread += 2 * tokens * (heads * headDim) * 3 * headDim * cached;
  }
  const kept = attention * (1 - (scheme?.sparsity ?? 0));
  const seconds = (model.shape.linearFlops(TEXT, image) - unread) / CEILING[projections] + kept / CEILING.bf16;
  return { floorMs: seconds * 1000 };
}

/** Numbers of no importance, but not zero: a card is faster on zeros. */
function wave(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898) * 1.4);
}

function report(row: Record<string, unknown> & { what: string }): void {
  results.push(row);
  const cells = Object.entries(row).filter(([key]) => key !== 'what');
  const text = cells.map(([key, value]) => `${key} ${typeof value === 'number' ? value.toFixed(3) : value}`).join('  ');
  console.log(`${row.what.padEnd(34)} ${text}`);
}
