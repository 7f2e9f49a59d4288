import path from 'node:path';
import { type Calibration, type CalibrationSetup, createRun, openRun, type Run } from '../../../calibration/index.ts';
import { type Pipeline, parseMethod, type Sample, type SamplingDescription } from '../../../mmdit/index.ts';
import { calibrateInto, manifestOf, prepareSearch } from '../../engine/calibrate-model.ts';
import { noticePrompts } from '../../engine/notice-prompts.ts';
import { partOf } from '../../engine/progress.ts';
import { runWork } from '../../engine/run-work.ts';
import { sweepRunFolder } from '../../engine/run-folder.ts';
import { checkSampling, completeSampling } from '../../engine/sampling-wish.ts';
import { prepareScheme } from '../../engine/scheme-in-use.ts';
import { completeSearch, ResumeMismatchError, resumeSearch } from '../../engine/search-wish.ts';
import { type NotedPicture, readNotes } from '../library/run-notes.ts';
import type { CallContext } from '../workers/serve-calls.ts';
import type { EngineCalls } from './engine-calls.ts';
import { noteInRun, runOptions } from './job-context.ts';
import { paintSample } from './paint-sample.ts';

/** A progressive search, then pictures to judge it by: a run. */
export async function calibrateJob(
  pipeline: Pipeline,
  { library, request, parent }: EngineCalls['calibrate']['params'],
  context: CallContext,
): Promise<null> {
  const { prompts, seeds, negativePrompt, delta, headConstraint, granularity, cost } = request;
  const bounds = { delta, headConstraint, granularity, cost };
  const wish = { prompts, seeds, negativePrompt, ...bounds, sampling: request.sampling };
  const search = completeSearch({ ...wish, candidates: request.candidates.map(parseMethod) }, library);
  const sampling = checkSampling(pipeline, completeSampling(search.sampling, pipeline.defaults));
  const setup = prepareSearch(pipeline, search, sampling);
  noticePrompts(pipeline, [...prompts, ...request.evaluate.map(({ prompt }) => prompt)], runOptions(context));
  const run = await createRun(library, request.name ?? nameOf(request), manifestOf(pipeline, search, sampling));
  await noteInRun(run, { kind: 'calibration', parent, model: request.model, request }, context);
  return runSearch(run, pipeline, setup, sampling, context);
}

/** Goes on with a calibration that was cancelled, failed or killed, under its own settings. */
export async function resumeCalibration(pipeline: Pipeline, folder: string, context: CallContext): Promise<null> {
  const run = await openRun(folder);
  const search = resumeSearch({ sampling: {} }, run.manifest, folder);
  requireSameModel(run, pipeline);
  const sampling = checkSampling(pipeline, completeSampling(search.sampling, pipeline.defaults));
  return runSearch(run, pipeline, prepareSearch(pipeline, search, sampling), sampling, context);
}

/** The search takes about as long as this many pictures made both ways. */
const SEARCH_AS_PAIRS = 2;

async function runSearch(
  run: Run,
  pipeline: Pipeline,
  setup: CalibrationSetup,
  sampling: SamplingDescription,
  context: CallContext,
): Promise<null> {
  const options = runOptions(context);
  const notes = await readNotes(run.folder);
  const samples = notes?.request?.kind === 'calibrate' ? notes.request.evaluate : [];
  const searchPart =
    (SEARCH_AS_PAIRS * setup.request.prompts.length) /
    (SEARCH_AS_PAIRS * setup.request.prompts.length + samples.length);
  const onProgress = samples.length === 0 ? options.onProgress : partOf(options.onProgress, 0, searchPart);
  await runWork(run, context.signal, 'the finished calibration is kept.', async () => {
    // What a killed search left.
    await sweepRunFolder(run.folder);
    const calibration = await calibrateInto(run, pipeline, setup, { ...options, onProgress });
    if (calibration.seconds > 0) await run.update({ seconds: { calibrate: calibration.seconds } });
    context.report({ kind: 'run', run: path.basename(run.folder) });
    await evaluate(run, pipeline, calibration, samples, sampling, notes?.pictures ?? [], searchPart, context);
  });
  context.report({ kind: 'run', run: path.basename(run.folder) });
  return null;
}

/** Pictures that an interrupted run has made already are not made again. */
async function evaluate(
  run: Run,
  pipeline: Pipeline,
  { scheme }: Calibration,
  samples: readonly Sample[],
  sampling: SamplingDescription,
  made: readonly NotedPicture[],
  from: number,
  context: CallContext,
): Promise<void> {
  const options = runOptions(context);
  const use = prepareScheme(scheme, pipeline, sampling, { force: false });
  const pictures = [...made];
  for (let position = pictures.length; position < samples.length; position++) {
    const share = (1 - from) / samples.length;
    const onProgress = partOf(options.onProgress, from + position * share, from + (position + 1) * share);
    const wish = { sample: samples[position]!, sampling, use, compare: true, position };
    pictures.push(await paintSample(run, pipeline, wish, { ...options, onProgress }));
    await noteInRun(run, { pictures }, context);
  }
}

function nameOf({ delta, headConstraint, granularity }: EngineCalls['calibrate']['params']['request']): string {
  return `Calibration δ ${delta}, c ${headConstraint ?? 'none'}${granularity === 'layer' ? ', layer by layer' : ''}`;
}

function requireSameModel({ manifest, folder }: Run, { identity }: Pipeline): void {
  if (manifest.model === null || manifest.model.fingerprint === identity.fingerprint) return;
  throw new ResumeMismatchError(folder, [`model was ${manifest.model.name}, now ${identity.name} with other weights`]);
}
