import type { JobRequest, Sampling } from '../../contract.ts';
import type { EngineCalls, SweepPlan } from '../engine/engine-calls.ts';
import { invalidRequest, unavailable } from '../host-errors.ts';
import type { RunLibrary } from '../library/run-library.ts';
import { readNotes } from '../library/run-notes.ts';
import type { ModelList } from '../models/model-list.ts';
import type { Plans } from '../plans.ts';
import type { Tables } from '../tables/tables.ts';
import type { CallOptions } from '../workers/call-messages.ts';
import type { WorkerLink } from '../workers/worker-link.ts';

export interface JobParts {
  readonly engine: WorkerLink<EngineCalls>;
  readonly library: RunLibrary;
  readonly models: ModelList;
  readonly plans: Plans;
  readonly tables: Tables;
}

type RequestOf<K extends JobRequest['kind']> = Extract<JobRequest, { readonly kind: K }>;

/** Turns a job's request into a call of the engine: ids become folders, plans become schemes. */
export async function runJob(parts: JobParts, request: JobRequest, options: CallOptions): Promise<unknown> {
  const { engine, library, models, plans } = parts;
  const root = library.root;
  switch (request.kind) {
    case 'generate': {
      const scheme = request.plan && (await plans.scheme(request.plan));
      const params = { request: { ...request, model: models.folder(request.model) }, scheme };
      return engine.call('generate', { library: root, ...params, parent: request.plan?.run ?? null }, options);
    }
    case 'calibrate': {
      const withFolder = { ...request, model: models.folder(request.model) };
      return engine.call('calibrate', { library: root, request: withFolder, parent: null, fingerprint: null }, options);
    }
    case 'confirm-search':
      return confirm(parts, request, options);
    case 'resume':
      return resume(parts, request.run, options);
    case 'sweep':
      return sweep(parts, request, null, options);
    case 'attention-map': {
      const scheme = request.scheme && (await plans.scheme({ kind: 'scheme', ...request.scheme }));
      const params = { request: { ...request, model: models.folder(request.model) }, scheme };
      return engine.call('attentionMaps', params, options);
    }
    default:
      return request satisfies never;
  }
}

/** The search of a run again, at other bounds. */
async function confirm(
  { engine, library, models }: JobParts,
  request: RequestOf<'confirm-search'>,
  options: CallOptions,
): Promise<null> {
  const { manifest, folder } = await library.run(request.run);
  const { search, sampling } = manifest;
  if (!search || !sampling) {
    throw unavailable('This run does not say how it was calibrated.', 'Calibrate anew with these values.');
  }
  const { steps, guidance, width, height } = sampling;
  const { delta, headConstraint, granularity, candidates, cost, evaluate, name } = request;
  const calibrate = {
    kind: 'calibrate' as const,
    ...(name === undefined ? {} : { name }),
    model: await modelOfRun(models, folder),
    prompts: search.prompts,
    seeds: search.seeds,
    ...(search.negativePrompt !== undefined && { negativePrompt: search.negativePrompt }),
    sampling: { steps, guidance, width, height },
    ...{ delta, headConstraint, granularity, candidates, cost, evaluate },
  };
  const fingerprint = manifest.model?.fingerprint ?? null;
  const params = { library: library.root, request: calibrate, parent: request.run, fingerprint };
  return engine.call('calibrate', params, options);
}

async function resume(parts: JobParts, id: string, options: CallOptions): Promise<null> {
  const { engine, library } = parts;
  const notes = await readNotes(await library.folder(id));
  options.onReport?.({ kind: 'run', run: id });
  if (notes?.request?.kind === 'sweep') return sweep(parts, notes.request, id, options);
  return engine.call('resume', { library: library.root, run: id }, options);
}

async function sweep(
  { engine, library, models, tables }: JobParts,
  request: RequestOf<'sweep'>,
  run: string | null,
  options: CallOptions,
): Promise<null> {
  const folder = await library.folder(request.run);
  const { calibration, fingerprint } = await tables.open(request.run);
  const { sampling } = calibration;
  if (sampling === null) throw unavailable('This table does not say how its pictures were made.', 'Calibrate anew.');
  const { cost, candidates, granularity } = request;
  const plans: SweepPlan[] = [];
  for (const delta of [...new Set(request.deltas)]) {
    for (const headConstraint of new Set(request.headConstraints)) {
      options.signal?.throwIfAborted();
      const tuning = { delta, headConstraint, granularity, candidates, cost, pins: [] };
      const { sparsity, attentionSpeedUp, endToEndSpeedUp } = await tables.solve({ run: request.run, ...tuning });
      const scheme = await tables.scheme({ run: request.run, ...tuning });
      plans.push({ tuning, scheme, sparsity: sparsity ?? 0, attentionSpeedUp, endToEndSpeedUp });
    }
  }
  if (plans.length === 0) throw invalidRequest('deltas: expected at least one');
  const params = { library: library.root, request, model: await modelOfRun(models, folder), fingerprint, plans, run };
  return engine.call('sweep', { ...params, sampling: samplingOf(sampling) }, options);
}

/** The checkpoint that a run was made with, where it says; else the demo, whose fingerprint the engine checks. */
async function modelOfRun(models: ModelList, folder: string): Promise<string | null> {
  const model = (await readNotes(folder))?.model ?? null;
  return models.folder(model);
}

function samplingOf({ steps, guidance, width, height }: Sampling): Sampling {
  return { steps, guidance, width, height };
}
