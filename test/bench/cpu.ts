// npm run bench:cpu [-- --json]: the CPU kernels beside ONNX Runtime's MultiHeadAttention, in one run, interleaved.
// A failed target is reported, not thrown: timings of a busy machine are no verdict.
import {
  CACHED_HEAD,
  cpuInfo,
  FULL_HEAD,
  fmaBurst,
  headwiseAttention,
  type KernelTokenLayout,
  keptPairs,
  measureAttention,
} from '../../native-kernels/index.ts';
import { randomFloats } from '../native-kernels/random-floats.ts';
import { interleaved, median, medianRatio, type Times } from './interleaved.ts';
import { openOnnxAttention } from './onnx-attention.ts';

interface Shape {
  readonly name: string;
  readonly heads: number;
  readonly dim: number;
  readonly layout: KernelTokenLayout;
  readonly rounds: number;
}

const SHAPES: readonly Shape[] = [
  { name: 'demo 512²', heads: 8, dim: 32, layout: { text: 32, image: 1024, order: 'text-first' }, rounds: 41 },
  { name: 'image only', heads: 24, dim: 64, layout: { text: 0, image: 1024, order: 'text-first' }, rounds: 21 },
  { name: 'SD3 1024²', heads: 24, dim: 64, layout: { text: 333, image: 4096, order: 'image-first' }, rounds: 9 },
];
const BLOCK = [32, 32] as const;
const SPARSITY = 0.7;
const TARGETS = { speed: 1, ideal: 0.85 };

const { model, instructionSet, threads } = cpuInfo();
const json = process.argv.includes('--json');
let peak = await measurePeak();
const measured: Awaited<ReturnType<typeof measureShape>>[] = [];
for (const shape of SHAPES) {
  measured.push(await measureShape(shape));
  peak = Math.max(peak, await measurePeak());
}
const results = measured.map((result) => ({ ...result, 'of peak': round(result['GFLOP/s'] / peak, 2) }));

if (json) {
  process.stdout.write(
    `${JSON.stringify({ cpu: model, instructionSet, threads, peakGflops: peak, results }, null, 2)}\n`,
  );
} else {
  console.log(
    `${model}, ${instructionSet}, ${threads} threads; multiply-add peak ${peak.toFixed(0)} GFLOP/s (measured)\n`,
  );
  console.table(Object.fromEntries(results.map(({ shape, ...rest }) => [shape, rest])));
  console.log(
    `full ÷ ONNX Runtime: target ≥ ${TARGETS.speed}; arrow ÷ ideal (1 ÷ density): target ≥ ${TARGETS.ideal}; ` +
      'half cached ÷ half: 1 means that cached heads\n' +
      'cost nothing. Times and ratios are medians; GFLOP/s and (best) are of the fastest rounds, (cpu) of processor time: on a\n' +
      'busy machine these are what other programs disturb least.',
  );
}

async function measurePeak(): Promise<number> {
  const rates: number[] = [];
  for (let round = 0; round < 15; round++) {
    const start = performance.now();
    const operations = await fmaBurst(3000);
    rates.push(operations / (performance.now() - start) / 1e6);
  }
  // The best, not the median: a peak is what nothing else disturbed.
  return Math.max(...rates);
}

async function measureShape({ name, heads, dim, layout, rounds }: Shape) {
  const tokens = layout.text + layout.image;
  const count = tokens * heads * dim;
  const [q, k, v] = [randomFloats(count, 1), randomFloats(count, 2), randomFloats(count, 3)];
  const out = new Float32Array(count);
  const peerOut = new Float32Array(count);
  const shape = { batch: 1, heads, dim, layout, block: BLOCK, q, k, v };
  const window = windowOf(layout, SPARSITY);
  const density = keptPairs(layout, window, BLOCK) / tokens ** 2;
  const windows = Int32Array.from([8, 16, 32], (fraction) => Math.floor(layout.image / (2 * fraction)));
  const attention = (method: (head: number) => number) => {
    const halfWindows = Int32Array.from({ length: heads }, (_, head) => method(head));
    return () => headwiseAttention({ ...shape, out, halfWindows });
  };

  const full = attention(() => FULL_HEAD);
  const onnx = await openOnnxAttention({ tokens, heads, dim, q, k, v, out: peerOut }, threads);
  await full();
  await onnx();
  const difference = Math.max(...out.map((value, n) => Math.abs(value - peerOut[n]!)).subarray(0, 100_000));
  if (!(difference < 1e-4)) throw new Error(`${name}: the peers differ by ${difference}; they do not compute the same`);

  const half = { ...shape, heads: heads / 2, tokenStride: heads * dim };
  const halfOut = new Float32Array(count / 2);
  const halfWindows = new Int32Array(heads / 2).fill(FULL_HEAD);
  const times = await interleaved(
    {
      full,
      arrow: attention(() => window),
      half: () => headwiseAttention({ ...half, out: halfOut, halfWindows }),
      halfCached: attention((head) => (head < heads / 2 ? FULL_HEAD : CACHED_HEAD)),
      allCached: attention(() => CACHED_HEAD),
      measure: () => measureAttention({ ...shape, halfWindows: windows, references: [] }),
      // Last: its threads spin for a while after a run, and would take the cores from whoever comes next.
      onnx,
    },
    rounds,
  );
  const flops = 4 * heads * tokens ** 2 * dim;
  const gflops = flops / best(times.full.wall) / 1e6;
  const ratio = (a: Times, b: Times) => round(medianRatio(a.wall, b.wall), 2);
  return {
    shape: `${heads}×${tokens}×${dim} (${name})`,
    'full ms': round(median(times.full.wall), 2),
    'ONNX ms': round(median(times.onnx.wall), 2),
    'full ÷ ONNX': ratio(times.onnx, times.full),
    '(best)': round(best(times.onnx.wall) / best(times.full.wall), 2),
    'GFLOP/s': round(gflops, 0),
    sparsity: round(1 - density, 3),
    'arrow ms': round(median(times.arrow.wall), 2),
    'speed-up': ratio(times.full, times.arrow),
    'of ideal': round(medianRatio(times.full.wall, times.arrow.wall) * density, 2),
    '(cpu)': round(medianRatio(times.full.cpu, times.arrow.cpu) * density, 2),
    'half cached ÷ half': ratio(times.halfCached, times.half),
    'all cached ms': round(median(times.allCached.wall), 3),
    'measure ÷ full': ratio(times.measure, times.full),
    '(cpu) ': round(medianRatio(times.measure.cpu, times.full.cpu), 2),
  };
}

function best(times: readonly number[]): number {
  return Math.min(...times);
}

/** The half-window whose sparsity is nearest to the wanted one. */
function windowOf(layout: KernelTokenLayout, sparsity: number): number {
  const tokens = layout.text + layout.image;
  const distance = (window: number) => Math.abs(1 - keptPairs(layout, window, BLOCK) / tokens ** 2 - sparsity);
  let best = 0;
  for (let window = 0; window < layout.image; window += BLOCK[1]) if (distance(window) < distance(best)) best = window;
  return best;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
