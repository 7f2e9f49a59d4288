import path from 'node:path';
import {
  type AblationResult,
  type AblationSearch,
  type AblationSettings,
  attentionCost,
  type Calibration,
  COMPRESSED_FILE,
  compareWithLpips,
  createRunIn,
  type ImageComparison,
  type Run,
  searchSlug,
} from '../../../calibration/index.ts';
import { type Pipeline, parseMethod, type RgbImage, type SamplingDescription } from '../../../mmdit/index.ts';
import { calibrateInto, manifestOf, prepareSearch } from '../calibrate-model.ts';
import { type Painted, paint } from '../paint.ts';
import { numbered } from '../paint-pair.ts';
import type { OnProgress } from '../progress.ts';
import { sweepRunFolder } from '../run-folder.ts';
import type { RunOptions } from '../run-options.ts';
import { claimFolder, performRun } from '../run-work.ts';
import { prepareScheme } from '../scheme-in-use.ts';
import type { CompleteSearch } from '../search-wish.ts';
import { SEARCHES_FOLDER } from './ablation-folder.ts';

/** A picture with full attention, to judge by. */
export interface Original {
  readonly image: RgbImage;
  /** Wall time of denoising. */
  readonly seconds: number;
}

export interface SearchProgress {
  readonly search: OnProgress;
  readonly picture: (position: number) => OnProgress;
}

interface Judged extends Painted {
  readonly comparison: ImageComparison;
}

/** One search of an ablation, gone on with where it was interrupted, and its pictures against the originals. */
export async function runSearch(
  folder: string,
  pipeline: Pipeline,
  search: AblationSearch,
  settings: AblationSettings,
  sampling: SamplingDescription,
  originals: readonly Original[],
  progress: SearchProgress,
  options: RunOptions,
): Promise<AblationResult> {
  const own = path.join(SEARCHES_FOLDER, searchSlug(search));
  const complete = completeSearchOf(search, settings);
  const setup = prepareSearch(pipeline, complete, sampling);
  const runFolder = path.join(folder, own);
  const { run, calibration, judged } = await claimFolder(runFolder, async () => {
    await sweepRunFolder(runFolder);
    const run = await createRunIn(runFolder, manifestOf(pipeline, complete, sampling));
    return performRun(run, options.signal, 'the finished search is kept.', async () => {
      const searching = { ...options, onProgress: progress.search };
      const calibration = await calibrateInto(run, pipeline, setup, searching);
      // A search that was finished before took no time now.
      if (calibration.seconds > 0) await run.update({ seconds: { calibrate: calibration.seconds } });
      const judged = await judge(run, pipeline, calibration, settings, sampling, originals, progress, options);
      return { run, calibration, judged };
    });
  });
  const pictureSeconds = sum(judged.map(({ seconds }) => seconds));
  return {
    search: { ...search, candidates: [...search.candidates] },
    folder: own,
    ...predict(pipeline, calibration, sampling),
    ...distances(judged.map(({ comparison }) => comparison)),
    measuredSpeedUp: sum(originals.map(({ seconds }) => seconds)) / pictureSeconds,
    searchSeconds: run.manifest.seconds.calibrate ?? null,
    pictureSeconds,
    mismatches: sum(judged.map(({ applied }) => applied.mismatches)),
  };
}

function completeSearchOf(search: AblationSearch, settings: AblationSettings): CompleteSearch {
  const { prompts, seeds, negativePrompt, cost } = settings;
  const threshold = search.threshold ?? undefined;
  return {
    ...search,
    threshold,
    candidates: search.candidates.map(parseMethod),
    prompts,
    seeds,
    negativePrompt,
    cost,
    sampling: {},
  };
}

async function judge(
  run: Run,
  pipeline: Pipeline,
  { scheme }: Calibration,
  { evaluation }: AblationSettings,
  sampling: SamplingDescription,
  originals: readonly Original[],
  progress: SearchProgress,
  options: RunOptions,
): Promise<readonly Judged[]> {
  const use = prepareScheme(scheme, pipeline, sampling, { force: false });
  const judged: Judged[] = [];
  for (const [position, sample] of evaluation.entries()) {
    const onProgress = progress.picture(position);
    const painted = await paint(pipeline, sample, sampling, use, { ...options, onProgress });
    const file = numbered(COMPRESSED_FILE, position);
    await run.writePng(file, painted.image);
    await run.addApplied(file, painted.applied);
    judged.push({ ...painted, comparison: await compareWithLpips(originals[position]!.image, painted.image) });
  }
  return judged;
}

/** What the scheme leaves out, and the speed that follows from FLOPs alone. */
function predict(pipeline: Pipeline, { table, scheme }: Calibration, sampling: SamplingDescription) {
  const counts = table.layers.map(() => new Array<number>(scheme.methods.length).fill(0));
  for (const step of scheme.plan) {
    for (const [layer, heads] of step.entries()) for (const method of heads) counts[layer]![method]! += 1;
  }
  const { full, kept } = attentionCost(counts, scheme.methods.map(parseMethod), table.sampling!);
  const linear = pipeline.linearFlops(sampling);
  return {
    sparsity: scheme.stats.sparsity,
    attentionSpeedUp: kept > 0 ? full / kept : null,
    predictedSpeedUp: (linear + full) / (linear + kept),
  };
}

function distances(comparisons: readonly ImageComparison[]) {
  const mean = (values: readonly (number | null)[]): number | null =>
    values.includes(null) ? null : sum(values as readonly number[]) / values.length;
  return {
    ssim: mean(comparisons.map(({ ssim }) => ssim)) ?? Number.NaN,
    psnr: mean(comparisons.map(({ identical, psnr }) => (identical ? null : psnr))),
    lpips: mean(comparisons.map(({ lpips }) => lpips)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
