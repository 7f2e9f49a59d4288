import { readFile } from 'node:fs/promises';
import { CalibrationError, type RseTable, type Run, type Scheme } from '../../calibration/index.ts';
import packageInfo from '../../package.json' with { type: 'json' };
import type { ReportCommand, ReportData, ReportPair, ReportTable } from '../report/report-data.ts';
import type { PaintedPair } from './paint-pair.ts';

/** The data of a run's report, pictures read from its folder. Throws CalibrationError for a run without a search. */
export async function reportDataOf(
  run: Run,
  table: RseTable,
  scheme: Scheme,
  pictures: readonly PaintedPair[],
  commands: readonly ReportCommand[],
): Promise<ReportData> {
  const { created, model, device, seconds } = run.manifest;
  if (!model || !table.sampling) throw new CalibrationError(`${run.folder} does not say its model and sampling`);
  const { search } = scheme;
  return {
    created,
    version: packageInfo.version,
    model,
    device: device ?? 'unknown device',
    sampling: table.sampling,
    search: {
      delta: search.delta,
      headConstraint: search.headConstraint,
      granularity: search.granularity ?? 'head',
      candidates: search.candidates,
      prompts: search.prompts,
      seeds: search.seeds,
      negativePrompt: search.negativePrompt ?? null,
      mode: search.mode,
      cost: search.cost === 'flops' ? 'attention FLOPs' : search.cost === 'measured' ? 'measured time' : 'own figures',
      seconds: seconds.calibrate ?? 0,
    },
    table: candidatesOnly(table),
    plan: {
      methods: scheme.methods,
      choices: scheme.plan,
      block: scheme.block,
      sparsity: scheme.stats.sparsity,
    },
    pairs: await Promise.all(pictures.map((picture) => pairOf(run, picture, scheme))),
    commands,
  };
}

/** Without `full`, whose error is 0 by definition. */
function candidatesOnly({ methods, layers, steps, heads, rse }: RseTable): ReportTable {
  const kept = methods.flatMap((name, index) => (name === 'full' ? [] : [index]));
  const values = new Float32Array(steps * layers.length * kept.length * heads);
  for (let row = 0; row < steps * layers.length; row++) {
    kept.forEach((method, index) => {
      const from = (row * methods.length + method) * heads;
      values.set(rse.subarray(from, from + heads), (row * kept.length + index) * heads);
    });
  }
  return { methods: kept.map((method) => methods[method]!), layers, steps, heads, rse: values };
}

async function pairOf(run: Run, picture: PaintedPair, { sampling }: Scheme): Promise<ReportPair> {
  const { metrics, difference, amplification, seconds } = picture;
  const [original, compressed, differing] = await Promise.all(
    [metrics.original, metrics.compressed, difference].map((name) => readFile(run.path(name))),
  );
  return {
    prompt: metrics.prompt,
    negativePrompt: metrics.negativePrompt ?? null,
    seed: metrics.seed,
    width: sampling.width,
    height: sampling.height,
    original: original!,
    compressed: compressed!,
    difference: differing!,
    amplification,
    ssim: metrics.ssim,
    psnr: metrics.psnr ?? Number.POSITIVE_INFINITY,
    lpips: metrics.lpips,
    lpipsPaper: metrics.lpipsPaper,
    seconds,
  };
}
