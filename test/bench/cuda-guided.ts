/**
 * Steps of an SD3.5-large-shaped transformer under classifier-free guidance on a CUDA card, every head by one method:
 * what residuals cost and what sharing between the guided and unguided halves saves; and a search that offers them.
 * Weights are random: times are those of the real model. Prints a table; --json FILE keeps the numbers.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { calibrate } from '../../calibration/search/calibrate.ts';
import { benchmarkModel } from '../../electron/engine/benchmark-model.ts';
import {
  CudaDevice,
  openPipeline,
  type Pipeline,
  PlanAttention,
  parseMethod,
  writeSynthetic,
} from '../../mmdit/index.ts';

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '1024' },
    steps: { type: 'string', default: '6' },
    json: { type: 'string' },
  },
});

const METHODS = ['arrow/8', 'arrow/8+residual', 'cfg', 'cfg+arrow/8', 'cfg+arrow/8+residual', 'cached'];
const CANDIDATES = ['arrow/8', 'arrow/8+residual', 'cfg', 'cfg+arrow/8', 'cached'];
const SAMPLES = [{ prompt: 'a lighthouse', seed: 0 }];
const steps = Number(options.steps);
const size = Number(options.size);
const sampling = { steps, guidance: 4.5, width: size, height: size };
const results: Record<string, unknown>[] = [];
const folder = mkdtempSync(path.join(tmpdir(), 'arrowhead-bench-'));
try {
  await writeSynthetic(folder, 'sd35-large', { seed: 1 });
  const { rows } = await benchmarkModel({ model: folder, device: 'cuda', sampling, methods: METHODS.map(parseMethod) });
  for (const { method, stepSeconds, speedUp } of rows)
    report({ what: `SD3.5-large ${size}², guided, ${method}`, ms: stepSeconds * 1000, speedUp });
  const device = CudaDevice.open();
  const pipeline = await openPipeline(folder, device);
  try {
    await benchSearch(pipeline);
    report({ what: 'peak memory', GiB: device.memory.peakBytes / 2 ** 30 });
  } finally {
    await pipeline.close();
    await device.close();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (options.json) writeFileSync(options.json, JSON.stringify(results, null, 1));

async function benchSearch(pipeline: Pipeline): Promise<void> {
  const attention = new PlanAttention(pipeline.device, pipeline.layers, null);
  const begin = performance.now();
  await pipeline.denoise({ samples: SAMPLES, sampling, attention: (step) => attention.step(step) });
  const plain = (performance.now() - begin) / 1000;
  attention.close();
  const { seconds, scheme } = await calibrate(pipeline, {
    ...{ prompts: ['a lighthouse'], seeds: [0], delta: 24, headConstraint: 2, sampling },
    candidates: CANDIDATES.map(parseMethod),
  });
  const { sparsity, heads } = scheme.stats;
  report({
    what: `search over ${CANDIDATES.length} candidates, ${steps} steps`,
    seconds,
    ofPlain: seconds / plain,
    sparsity,
  });
  console.log(scheme.methods.map((method, n) => `${method}: ${heads[n]}`).join('  '));
}

function report(row: Record<string, unknown> & { what: string }): void {
  results.push(row);
  const cells = Object.entries(row).filter(([key]) => key !== 'what');
  const text = cells.map(([key, value]) => `${key} ${typeof value === 'number' ? value.toFixed(3) : value}`).join('  ');
  console.log(`${row.what.padEnd(52)} ${text}`);
}
