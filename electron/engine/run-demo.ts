import path from 'node:path';
import { type Calibration, createRun, createRunIn, RSE_FILE, type Run, SCHEME_FILE } from '../../calibration/index.ts';
import type { Pipeline, Sample, SamplingDescription } from '../../mmdit/index.ts';
import { type LpipsMissing, whyMissing } from '../contract/lpips.ts';
import { buildReport } from '../report/build-report.ts';
import { calibrateInto, manifestOf, prepareSearch } from './calibrate-model.ts';
import { type DemoPrompts, readDemoPrompts } from './demo-prompts.ts';
import { libraryFolder } from './library-folder.ts';
import { noticePrompts } from './notice-prompts.ts';
import { type ModelWish, withModel } from './open-model.ts';
import { type PaintedPair, paintPair } from './paint-pair.ts';
import { partOf } from './progress.ts';
import { repeatCommands } from './repeat-commands.ts';
import { reportDataOf } from './report-of-run.ts';
import { clearRunFolder, inspectRunFolder } from './run-folder.ts';
import type { RunOptions } from './run-options.ts';
import { claimFolder, performRun } from './run-work.ts';
import { checkSampling, completeSampling } from './sampling-wish.ts';
import { prepareScheme } from './scheme-in-use.ts';
import { completeSearch, type SearchWish } from './search-wish.ts';

/** More of them make the scheme hold for more pictures, and the demo longer than a newcomer waits. */
const CALIBRATION_PROMPTS = 4;
/** Pictures to judge by where the user names none: the default prompt and others that calibration did not see. */
const PICTURES = 3;
const REPORT_FILE = 'report.html';
/** Parts of the whole, as measured: the search, then the pictures. */
const SEARCH_PART = 0.5;
const PICTURES_PART = 0.99;

export interface DemoWish extends Omit<SearchWish, 'prompts' | 'negativePrompt'>, ModelWish {
  /** The one picture to judge by; three that calibration does not see where absent. */
  readonly prompt?: string | undefined;
  readonly seed?: number | undefined;
  /** Run folder to write; `<time>-demo` in the library where absent. */
  readonly folder?: string | undefined;
  /** Start over in a folder that holds a run. */
  readonly force?: boolean | undefined;
}

export interface DemoSummary {
  readonly folder: string;
  readonly report: string;
  readonly scheme: string;
  readonly table: string;
  readonly sparsity: number;
  /** Means over the pictures; psnr is null where one of them is equal to its original. */
  readonly ssim: number;
  readonly psnr: number | null;
  readonly lpips: number | null;
  readonly lpipsPaper: number | null;
  /** Why they are null. */
  readonly lpipsMissing: LpipsMissing | null;
  /** Of the search, and of denoising one picture with full attention and under the scheme, on average. */
  readonly seconds: { readonly calibrate: number; readonly original: number; readonly compressed: number };
  readonly pictures: readonly PaintedPair[];
}

/**
 * The whole job: calibrates, makes pictures with full attention and under the scheme, compares them and writes a run
 * folder with a report. Throws what calibration and generation throw; CancelledError when stopped.
 */
export async function runDemo(wish: DemoWish, options: RunOptions = {}): Promise<DemoSummary> {
  if (wish.folder !== undefined) await inspectRunFolder(wish.folder, wish.force ? 'replace' : 'create');
  const prompts = await readDemoPrompts();
  const search = completeSearch({ ...wish, prompts: prompts.calibration.slice(0, CALIBRATION_PROMPTS) }, 'demo');
  const samples = samplesOf(wish, prompts);
  return withModel(wish, options, async (pipeline) => {
    const sampling = checkSampling(pipeline, completeSampling(wish.sampling, pipeline.defaults));
    const setup = prepareSearch(pipeline, search, sampling);
    noticePrompts(pipeline, [...search.prompts, ...samples.map(({ prompt }) => prompt)], options);
    const begin = (run: Run) =>
      performRun(run, options.signal, `the finished calibration is kept in ${run.folder}.`, async () => {
        const onSearch = partOf(options.onProgress, 0, SEARCH_PART);
        const calibration = await calibrateInto(run, pipeline, setup, { ...options, onProgress: onSearch });
        await run.update({ seconds: { calibrate: calibration.seconds } });
        const pictures = await paintAll(run, pipeline, samples, sampling, calibration, options);
        await run.writeMetrics(pictures.map(({ metrics }) => metrics));
        const report = await writeReport(run, wish.model, calibration, pictures);
        const summary = summarise(run, report, calibration, pictures);
        await run.update({ seconds: summary.seconds });
        options.onProgress?.({ value: 1, title: 'Done', detail: '' });
        return summary;
      });
    const manifest = manifestOf(pipeline, search, sampling);
    const { folder, force } = wish;
    if (folder === undefined) {
      const run = await createRun(libraryFolder(), 'demo', manifest);
      return claimFolder(run.folder, () => begin(run));
    }
    return claimFolder(folder, async () => {
      // Another run may have been written there since the first look.
      await inspectRunFolder(folder, force ? 'replace' : 'create');
      if (force) await clearRunFolder(folder);
      return begin(await createRunIn(folder, manifest));
    });
  });
}

function samplesOf({ prompt, seed = 0 }: DemoWish, prompts: DemoPrompts): readonly Sample[] {
  if (prompt !== undefined) return [{ prompt, seed }];
  const shown = [...new Set([prompts.default, ...prompts.evaluation])].slice(0, PICTURES);
  return shown.map((text) => ({ prompt: text, seed }));
}

async function paintAll(
  run: Run,
  pipeline: Pipeline,
  samples: readonly Sample[],
  sampling: SamplingDescription,
  { scheme }: Calibration,
  options: RunOptions,
): Promise<readonly PaintedPair[]> {
  const use = prepareScheme(scheme, pipeline, sampling, { force: false });
  const share = (PICTURES_PART - SEARCH_PART) / samples.length;
  const pairs: PaintedPair[] = [];
  for (const [position, sample] of samples.entries()) {
    const from = SEARCH_PART + position * share;
    const onProgress = partOf(options.onProgress, from, from + share);
    pairs.push(await paintPair(run, pipeline, sample, sampling, use, position, { ...options, onProgress }));
  }
  return pairs;
}

async function writeReport(
  run: Run,
  model: string | undefined,
  { table, scheme }: Calibration,
  pictures: readonly PaintedPair[],
): Promise<string> {
  const { prompt, negativePrompt, seed } = pictures[0]!.metrics;
  const files = { scheme: run.path(SCHEME_FILE), table: run.path(RSE_FILE) };
  const commands = repeatCommands({ run, model, prompt, negativePrompt, seed, ...files });
  const data = await reportDataOf(run, table, scheme, pictures, commands);
  // Its folder is called "checkpoint", which tells a reader nothing.
  const name = model === undefined ? 'demo checkpoint' : data.model.name;
  return path.resolve(await run.writeFile(REPORT_FILE, buildReport({ ...data, model: { ...data.model, name } })));
}

function summarise(
  run: Run,
  report: string,
  { scheme, seconds }: Calibration,
  pictures: readonly PaintedPair[],
): DemoSummary {
  const mean = (of: (pair: PaintedPair) => number | null): number | null => {
    const values = pictures.map(of).filter((value) => value !== null);
    return values.length < pictures.length ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const lpips = mean(({ metrics }) => metrics.lpips);
  return {
    folder: run.folder,
    report,
    scheme: run.path(SCHEME_FILE),
    table: run.path(RSE_FILE),
    sparsity: scheme.stats.sparsity,
    ssim: mean(({ metrics }) => metrics.ssim) ?? Number.NaN,
    psnr: mean(({ metrics }) => metrics.psnr),
    lpips,
    lpipsPaper: mean(({ metrics }) => metrics.lpipsPaper),
    lpipsMissing: lpips === null ? whyMissing(scheme.sampling) : null,
    seconds: {
      calibrate: seconds,
      original: mean((pair) => pair.seconds.original) ?? 0,
      compressed: mean((pair) => pair.seconds.compressed) ?? 0,
    },
    pictures,
  };
}
