import path from 'node:path';
import {
  applyScheme,
  COMPRESSED_FILE,
  compareImages,
  createRun,
  type ImageComparison,
  ORIGINAL_FILE,
  RSE_FILE,
  type Run,
  SCHEME_FILE,
} from '../../calibration/index.ts';
import type { AttentionPlan, Pipeline, RgbImage, Sample, SamplingDescription } from '../../mmdit/index.ts';
import { buildReport } from '../report/build-report.ts';
import { calibrateInto, manifestOf, startRun } from './calibrate-model.ts';
import { CancelledError } from './cancelled-error.ts';
import { readDemoPrompts } from './demo-prompts.ts';
import { differenceImage } from './difference-image.ts';
import { describeProgress, noticeWords } from './generate-picture.ts';
import { withModel } from './open-model.ts';
import { partOf } from './progress.ts';
import { repeatCommands } from './repeat-commands.ts';
import { reportDataOf } from './report-of-run.ts';
import { clearRunFolder, inspectRunFolder } from './run-folder.ts';
import type { RunOptions } from './run-options.ts';
import { checkSampling, completeSampling } from './sampling-wish.ts';
import { completeSearch, type SearchWish } from './search-wish.ts';

/** More of them make the scheme hold for more pictures, and the demo longer than a newcomer waits. */
const CALIBRATION_PROMPTS = 2;
const AMPLIFICATION = 8;
const DIFFERENCE_FILE = 'difference.png';
const REPORT_FILE = 'report.html';

export interface DemoWish extends SearchWish {
  /** Checkpoint folder; the demo's where absent. */
  readonly model?: string | undefined;
  /** The picture to judge by; the demo's default where absent, which calibration does not see. */
  readonly prompt?: string | undefined;
  readonly seed?: number | undefined;
  /** Run folder to write; `runs/<time>-demo` where absent. */
  readonly folder?: string | undefined;
  /** Start over in a folder that holds a run. */
  readonly force?: boolean | undefined;
}

export interface DemoSummary {
  readonly folder: string;
  readonly report: string;
  readonly scheme: string;
  readonly prompt: string;
  readonly seed: number;
  readonly sparsity: number;
  readonly metrics: ImageComparison;
  /** Of the search, and of denoising with and without its scheme. */
  readonly seconds: { readonly calibrate: number; readonly original: number; readonly compressed: number };
}

/**
 * The whole job: calibrates, makes one picture with full attention and under the scheme, compares them and writes a
 * run folder with a report. Throws what calibration and generation throw; CancelledError when stopped.
 */
export async function runDemo(wish: DemoWish, options: RunOptions = {}): Promise<DemoSummary> {
  const mode = wish.force ? 'replace' : 'create';
  if (wish.folder !== undefined) await inspectRunFolder(wish.folder, mode);
  const prompts = await readDemoPrompts();
  const sample = { prompt: wish.prompt ?? prompts.default, seed: wish.seed ?? 0 };
  const search = completeSearch({ prompts: prompts.calibration.slice(0, CALIBRATION_PROMPTS), ...wish }, 'demo');
  options.onProgress?.({ value: 0, title: 'Loading the model', detail: '' });
  return withModel(wish.model, async (pipeline) => {
    const sampling = checkSampling(pipeline, completeSampling(wish.sampling, pipeline.defaults));
    noticeWords(pipeline.inspectPrompt(sample.prompt), options);
    if (wish.folder !== undefined && mode === 'replace') await clearRunFolder(wish.folder);
    const run =
      wish.folder === undefined
        ? await createRun('runs', 'demo', manifestOf(pipeline, search, sampling))
        : await startRun(wish.folder, pipeline, search, sampling);
    const { table, scheme, seconds } = await calibrateInto(run, pipeline, search, sampling, {
      ...options,
      onProgress: partOf(options.onProgress, 0, 0.75),
    });
    const { plan } = applyScheme(scheme, pipeline, sampling);
    const original = await paint(
      pipeline,
      sample,
      sampling,
      null,
      part(run, options, 0.75, 0.88, 'without the scheme'),
    );
    const compressed = await paint(
      pipeline,
      sample,
      sampling,
      plan,
      part(run, options, 0.88, 0.98, 'under the scheme'),
    );
    const metrics = compareImages(original.image, compressed.image);
    const times = { calibrate: seconds, original: original.seconds, compressed: compressed.seconds };
    await writePictures(run, sample, original.image, compressed.image, metrics);
    await run.update({ status: 'finished', seconds: times });
    const [picture] = await run.readMetrics();
    const data = await reportDataOf(
      run,
      table,
      scheme,
      [{ metrics: picture!, difference: DIFFERENCE_FILE, amplification: AMPLIFICATION, seconds: times }],
      repeatCommands({ run, model: wish.model, ...sample, scheme: run.path(SCHEME_FILE), table: run.path(RSE_FILE) }),
    );
    const report = path.resolve(await run.writeFile(REPORT_FILE, buildReport(data)));
    options.onProgress?.({ value: 1, title: 'Done', detail: '' });
    const { folder } = run;
    return {
      folder,
      report,
      scheme: run.path(SCHEME_FILE),
      ...sample,
      sparsity: scheme.stats.sparsity,
      metrics,
      seconds: times,
    };
  });
}

/** A part of the demo's progress that says in its detail which picture it is about; a cancelled one says what is kept. */
function part(run: Run, options: RunOptions, from: number, to: number, which: string): RunOptions & { run: Run } {
  const onProgress = partOf(options.onProgress, from, to);
  return {
    run,
    ...(options.signal && { signal: options.signal }),
    onProgress: ({ detail, ...progress }) =>
      onProgress({ ...progress, detail: detail === '' ? which : `${detail}, ${which}` }),
  };
}

async function paint(
  pipeline: Pipeline,
  sample: Sample,
  { steps, guidance, width, height }: SamplingDescription,
  plan: AttentionPlan | null,
  { signal, onProgress, run }: RunOptions & { run: Run },
): Promise<{ image: RgbImage; seconds: number }> {
  try {
    const { images, seconds } = await pipeline.generate({
      samples: [sample],
      sampling: { steps, guidance, width, height },
      onProgress: (progress) => onProgress?.(describeProgress(progress)),
      ...(plan && { plan }),
      ...(signal && { signal }),
    });
    return { image: images[0]!, seconds: seconds.denoise };
  } catch (error) {
    if (!signal?.aborted) throw error;
    await run.update({ status: 'cancelled' }).catch(() => {});
    throw new CancelledError(`Cancelled: the finished calibration is kept in ${run.folder}.`);
  }
}

async function writePictures(
  run: Run,
  sample: Sample,
  original: RgbImage,
  compressed: RgbImage,
  { identical, ssim, psnr, mse, lpips }: ImageComparison,
): Promise<void> {
  await run.writePng(ORIGINAL_FILE, original);
  await run.writePng(COMPRESSED_FILE, compressed);
  await run.writePng(DIFFERENCE_FILE, differenceImage(original, compressed, AMPLIFICATION));
  await run.writeMetrics([
    {
      ...sample,
      original: ORIGINAL_FILE,
      compressed: COMPRESSED_FILE,
      ...{ identical, ssim, mse, lpips },
      psnr: identical ? null : psnr,
    },
  ]);
}
