import path from 'node:path';
import {
  boundsOf,
  type Calibration,
  type CalibrationProgress,
  type CalibrationRequest,
  type CalibrationSetup,
  calibrate,
  createRunIn,
  isCancellation,
  openRun,
  prepareCalibration,
  RSE_FILE,
  type Run,
  SCHEME_FILE,
} from '../../calibration/index.ts';
import { formatMethod, type Pipeline, type SamplingDescription } from '../../mmdit/index.ts';
import { CancelledError } from './cancelled-error.ts';
import { noticePrompts, noticeUnusedNegative } from './notice-prompts.ts';
import { type ModelWish, withModel } from './open-model.ts';
import { clearRunFolder, inspectRunFolder, type RunFolderMode, sweepRunFolder } from './run-folder.ts';
import type { RunOptions } from './run-options.ts';
import { claimFolder, performRun } from './run-work.ts';
import { checkSampling, completeSampling } from './sampling-wish.ts';
import {
  type CompleteSearch,
  completeSearch,
  ELSEWHERE,
  NothingToResumeError,
  ResumeMismatchError,
  resumeSearch,
  suited,
  type SearchWish,
} from './search-wish.ts';

export interface CalibrationWish extends SearchWish, ModelWish {
  /** Run folder to write. */
  readonly folder: string;
  readonly mode: RunFolderMode;
}

export interface CalibrationSummary {
  readonly folder: string;
  readonly scheme: string;
  readonly table: string;
  readonly sparsity: number;
  readonly saving: number;
  /** Of the search, those before an interruption included. */
  readonly seconds: number;
  readonly resumedSteps: number;
}

/**
 * Searches a scheme and writes a run folder. Throws before any work where folder, settings or model do not fit;
 * CancelledError, FileWriteError and what `calibrate` throws later on. What was found by then stays in the folder.
 */
export async function calibrateModel(wish: CalibrationWish, options: RunOptions = {}): Promise<CalibrationSummary> {
  const folder = await inspectRunFolder(wish.folder, wish.mode);
  if (wish.mode === 'resume' && !folder.holdsRun) throw new NothingToResumeError(wish.folder);
  const earlier = wish.mode === 'resume' ? await openRun(wish.folder) : null;
  const asked = earlier ? resumeSearch(wish, earlier.manifest, wish.folder) : completeSearch(wish, wish.folder);
  return withModel(wish, options, async (pipeline) => {
    if (earlier) requireSameModel(earlier, pipeline);
    const sampling = checkSampling(pipeline, completeSampling(asked.sampling, pipeline.defaults));
    const search = suited(asked, wish, pipeline, sampling);
    const setup = prepareSearch(pipeline, search, sampling);
    noticeUnusedNegative(pipeline, sampling, search.negativePrompt, options);
    noticePrompts(pipeline, search.prompts, options);
    return claimFolder(wish.folder, async () => {
      // Another run may have been written there since the first look.
      await inspectRunFolder(wish.folder, wish.mode);
      if (wish.mode === 'replace') await clearRunFolder(wish.folder);
      if (wish.mode === 'resume') await sweepRunFolder(wish.folder);
      const run = earlier ?? (await createRunIn(wish.folder, manifestOf(pipeline, search, sampling)));
      return performRun(run, options.signal, 'the finished steps are kept.', async () => {
        const { scheme, resumedSteps, ...calibration } = await calibrateInto(run, pipeline, setup, options);
        // A search that was finished before took no time now.
        const seconds = calibration.seconds || (run.manifest.seconds.calibrate ?? 0);
        await run.update({ seconds: { ...run.manifest.seconds, calibrate: seconds } });
        return {
          folder: run.folder,
          scheme: path.join(run.folder, SCHEME_FILE),
          table: path.join(run.folder, RSE_FILE),
          sparsity: scheme.stats.sparsity,
          saving: scheme.stats.saving,
          seconds,
          resumedSteps,
        };
      });
    });
  });
}

/** What run.json says from the start, so that a killed run can be resumed from its folder alone. */
export function manifestOf(pipeline: Pipeline, search: CompleteSearch, sampling: SamplingDescription) {
  const { identity, device } = pipeline;
  const { candidates, prompts, seeds, cost, negativePrompt } = search;
  const { family, name, fingerprint } = identity;
  const { scheduler, steps, guidance, width, height, textTokens, tokenOrder } = sampling;
  return {
    model: { family, name, fingerprint },
    device: device.info.name,
    sampling: { scheduler, steps, guidance, width, height, textTokens, tokenOrder },
    search: {
      ...boundsOf(search),
      candidates: candidates.map(formatMethod),
      prompts: [...prompts],
      seeds: [...seeds],
      cost,
      device: device.info.name,
      ...(negativePrompt !== '' && pipeline.usesNegativePrompts(sampling) && { negativePrompt }),
    },
  };
}

/** Checks a search before a folder is made or cleared for it. Throws what `calibrate` throws of one that cannot be done. */
export function prepareSearch(
  pipeline: Pipeline,
  search: CompleteSearch,
  sampling: SamplingDescription,
): CalibrationSetup {
  return prepareCalibration(pipeline, requestOf(search, sampling));
}

function requestOf(search: CompleteSearch, sampling: SamplingDescription): CalibrationRequest {
  const { prompts, seeds, negativePrompt, delta, headConstraint, granularity, threshold, candidates, cost } = search;
  const { steps, guidance, width, height } = sampling;
  return {
    ...{ prompts, seeds, negativePrompt, delta, headConstraint, granularity, threshold, candidates },
    sampling: { steps, guidance, width, height },
    cost: { source: cost },
  };
}

/** Runs the search in a run's folder, going on from what its journal holds. Throws CancelledError that says what is kept. */
export async function calibrateInto(
  run: Run,
  pipeline: Pipeline,
  setup: CalibrationSetup,
  { signal, onProgress, onNotice }: RunOptions,
): Promise<Calibration> {
  let stepsKept = 0;
  const report = (progress: CalibrationProgress): void => {
    if ('step' in progress) stepsKept = Math.max(stepsKept, progress.step);
    const { value, title, detail, etaSeconds } = progress;
    onProgress?.({ value, title, detail, etaSeconds });
  };
  try {
    return await calibrate(pipeline, setup, {
      ...{ directory: run.folder, resume: true, onProgress: report, onNotice },
      ...(signal && { signal }),
    });
  } catch (error) {
    if (!isCancellation(error, signal)) throw error;
    throw new CancelledError(
      `Cancelled: ${stepsKept} of ${setup.sampling.steps} steps are kept in ${run.folder}.`,
      run.folder,
    );
  }
}

/** Runs know the model's weights, not where they lie. */
function requireSameModel({ manifest, folder }: Run, { identity }: Pipeline): void {
  if (manifest.model === null || manifest.model.fingerprint === identity.fingerprint) return;
  throw new ResumeMismatchError(
    folder,
    [
      `model was ${manifest.model.name} (${manifest.model.fingerprint}), now ${identity.name} (${identity.fingerprint})`,
    ],
    ELSEWHERE,
  );
}
