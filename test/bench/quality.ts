// npm run bench:quality [-- --size 256x256 --json]: what δ and c cost in quality on the demo checkpoint: calibrate on some
// prompts, judge on others that calibration did not see. Prints the README's table.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { applyScheme, calibrate, compareImages } from '../../calibration/index.ts';
import { CpuDevice, type GenerateResult, openPipeline, parseMethod, type Sample } from '../../mmdit/index.ts';

const DELTAS = [0.2, 0.4, 0.6, 1.0];
const CONSTRAINTS = [null, 1, 1.5, 2];
const CANDIDATES = ['arrow/8', 'arrow/16', 'arrow/32', 'cached'];
const CALIBRATION_PROMPTS = 4;
const SEED = 0;

interface Row {
  readonly delta: number;
  readonly headConstraint: number | null;
  readonly sparsity: number;
  readonly ssim: number;
  readonly psnr: number;
  /** Of the search, and of denoising one picture under its scheme. */
  readonly calibrationSeconds: number;
  readonly denoiseSeconds: number;
}

const { values } = parseArgs({ options: { size: { type: 'string' }, json: { type: 'boolean' } } });
const prompts = JSON.parse(await readFile(new URL('../../demo/prompts.json', import.meta.url), 'utf8')) as {
  calibration: string[];
  evaluation: string[];
};
const device = await CpuDevice.open();
const pipeline = await openPipeline(new URL('../../demo/checkpoint', import.meta.url).pathname, device);
const [width, height] = values.size?.split('x').map(Number) ?? [];
const sampling = { ...pipeline.defaults, ...(width && height && { width, height }) };
const samples = prompts.evaluation.map((prompt): Sample => ({ prompt, seed: SEED }));

const original = await paint(null);
const rows: Row[] = [];
for (const delta of DELTAS) {
  for (const headConstraint of CONSTRAINTS) {
    const { scheme, seconds } = await calibrate(pipeline, {
      prompts: prompts.calibration.slice(0, CALIBRATION_PROMPTS),
      seeds: [SEED],
      sampling,
      delta,
      headConstraint,
      candidates: CANDIDATES.map(parseMethod),
    });
    const compressed = await paint(applyScheme(scheme, pipeline, sampling).plan);
    const metrics = compressed.images.map((image, index) => compareImages(original.images[index]!, image));
    rows.push({
      delta,
      headConstraint,
      sparsity: scheme.stats.sparsity,
      ssim: mean(metrics.map(({ ssim }) => ssim)),
      psnr: mean(metrics.map(({ psnr }) => psnr)),
      calibrationSeconds: seconds,
      denoiseSeconds: compressed.seconds.denoise,
    });
    if (!values.json) process.stderr.write(`δ ${delta}, c ${headConstraint ?? 'none'} done\n`);
  }
}
print(rows);
await pipeline.close();
await device.close();

/** One picture after the other, so that times are those of a person who makes one. */
async function paint(plan: ReturnType<typeof applyScheme>['plan'] | null) {
  const results: GenerateResult[] = [];
  for (const sample of samples)
    results.push(await pipeline.generate({ samples: [sample], sampling, ...(plan && { plan }) }));
  return {
    images: results.map(({ images }) => images[0]!),
    seconds: { denoise: mean(results.map(({ seconds }) => seconds.denoise)) },
  };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

function print(table: readonly Row[]): void {
  const setting = {
    device: device.info.name,
    size: `${sampling.width}x${sampling.height}`,
    steps: sampling.steps,
    calibrationPrompts: CALIBRATION_PROMPTS,
    evaluationPrompts: samples.length,
    denoiseSecondsWithoutScheme: original.seconds.denoise,
  };
  if (values.json) {
    console.log(JSON.stringify({ ...setting, rows: table }));
    return;
  }
  console.log(setting);
  console.log('| δ | c | attention left out | SSIM | PSNR | search | denoising |');
  console.log('|---|---|---|---|---|---|---|');
  for (const row of table) {
    const { delta, headConstraint, sparsity, ssim, psnr, calibrationSeconds, denoiseSeconds } = row;
    const cells = [
      delta,
      headConstraint ?? 'none',
      `${(sparsity * 100).toFixed(1)} %`,
      ssim.toFixed(3),
      `${psnr.toFixed(1)} dB`,
      `${calibrationSeconds.toFixed(1)} s`,
      `${denoiseSeconds.toFixed(2)} s`,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}
