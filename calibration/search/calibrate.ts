import path from 'node:path';
import { AttentionMemory } from '../../mmdit/attention/attention-memory.ts';
import { formatMethod } from '../../mmdit/attention/method.ts';
import type { Pipeline, PredictUnder } from '../../mmdit/pipeline/pipeline.ts';
import { layerSavings } from '../cost/savings.ts';
import { planSparsity } from '../cost/sparsity.ts';
import type { RseTable } from '../rse/rse-table.ts';
import { requireRecordable } from '../rse/rse-table-file.ts';
import { buildScheme } from '../scheme/build-scheme.ts';
import type { Scheme } from '../scheme/scheme.ts';
import { CalibrationFolder } from './calibration-folder.ts';
import { type CalibrationProgress, ProgressReporter } from './calibration-progress.ts';
import { type CalibrationRequest, type CalibrationSetup, prepareCalibration } from './calibration-request.ts';
import { chooseSavings } from './choose-savings.ts';
import { GreedyChoices } from './ditfastattn/greedy-choices.ts';
import { TrialAttention } from './ditfastattn/trial-attention.ts';
import { ProgressiveSearch } from './progressive-search.ts';
import { SearchAttention } from './search-attention.ts';

export interface CalibrateOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: CalibrationProgress) => void;
  /** A sentence that the user should read, as the pipeline has it. */
  readonly onNotice?: ((text: string) => void) | undefined;
  /** Where `rse.safetensors`, the scheme and, while it runs, the journal go; made if missing. Absent: nothing is written. */
  readonly directory?: string;
  /** Go on from the journal in the directory; starts at step 0 where there is none. */
  readonly resume?: boolean;
}

export interface Calibration {
  readonly table: RseTable;
  readonly scheme: Scheme;
  /** Wall time of all steps, those before an interruption included. */
  readonly seconds: number;
  /** Steps that were taken over from a journal. */
  readonly resumedSteps: number;
}

/**
 * Progressive search of a pipeline's plan under δ and c, exact for these (DiTFastAttnV2 §3.3). With a directory, every
 * finished step is kept: a killed or cancelled calibration resumes there and ends with the same bytes.
 * `asked` may have been prepared already, to know before any work whether it can be done.
 * Throws CalibrationError, SamplingError, UnsupportedBlockError for what cannot be calibrated, FileWriteError, and the
 * signal's reason when cancelled.
 */
export async function calibrate(
  pipeline: Pipeline,
  asked: CalibrationRequest | CalibrationSetup,
  options: CalibrateOptions = {},
): Promise<Calibration> {
  const { signal, directory } = options;
  signal?.throwIfAborted();
  const setup = 'request' in asked ? asked : prepareCalibration(pipeline, asked);
  const { request } = setup;
  requireRecordable(describeTable(pipeline, setup));
  const folder = directory === undefined ? null : await CalibrationFolder.open(directory, pipeline, setup);
  const before = folder ? await folder.begin(options.resume ?? false) : null;
  const progress = new ProgressReporter(options.onProgress, setup.sampling.steps, setup.layers.length);
  const savings = await chooseSavings(pipeline.device, request, setup, folder, progress, signal);
  const methods = setup.methods.map(formatMethod);
  const { steps } = setup.sampling;
  const space = {
    ...setup.settings,
    steps,
    layers: setup.layers,
    heads: setup.heads,
    methods,
    savings: layerSavings(savings, methods, setup),
  };
  const search = new ProgressiveSearch(space, before);
  let seconds = before?.seconds ?? 0;
  if ((before?.count ?? 0) < steps) {
    let started = performance.now();
    await runSearch(pipeline, setup, request, search, progress, options, async (step) => {
      if (step < (before?.count ?? 0)) {
        started = performance.now();
        return;
      }
      seconds += (performance.now() - started) / 1000;
      started = performance.now();
      await folder?.keep({ ...search.finished(step + 1), seconds });
    });
  }
  const table = { ...describeTable(pipeline, setup), rse: search.rse };
  const scheme = schemeOf(table, setup, search);
  if (folder) {
    progress.stage('write', 'Writing the scheme', path.basename(folder.path));
    await folder.complete(table, scheme);
  }
  return { table, scheme, seconds, resumedSteps: before?.count ?? 0 };
}

async function runSearch(
  pipeline: Pipeline,
  setup: CalibrationSetup,
  { threshold, candidates }: CalibrationRequest,
  search: ProgressiveSearch,
  progress: ProgressReporter,
  { signal, onNotice }: CalibrateOptions,
  afterStep: (step: number) => Promise<void>,
): Promise<void> {
  const { device } = pipeline;
  const { steps, guidance, width, height, block } = setup.sampling;
  const memory = new AttentionMemory(device);
  const trial = new TrialAttention(device, memory, block);
  const greedy =
    threshold === undefined ? null : new GreedyChoices(search, trial, { threshold, candidates }, progress, signal);
  const attention = new SearchAttention(device, search, memory, greedy, block, progress, signal);
  try {
    await pipeline.denoise({
      keptTensors: 1 + search.residualFractions.length,
      samples: setup.samples,
      sampling: { steps, guidance, width, height },
      attention: (step) => attention.step(step),
      ...(greedy && { beforeStep: (step: number, predict: PredictUnder) => greedy.decide(step, predict) }),
      afterStep,
      onProgress: ({ stage }) => {
        if (stage === 'encode') progress.stage('encode', 'Encoding the prompts');
      },
      onNotice,
      ...(signal && { signal }),
    });
  } finally {
    trial.close();
    memory.close();
  }
}

function describeTable({ identity }: Pipeline, setup: CalibrationSetup): Omit<RseTable, 'rse'> {
  const { family, name, fingerprint } = identity;
  return {
    methods: setup.methods.map(formatMethod),
    layers: setup.layers,
    steps: setup.sampling.steps,
    heads: setup.heads,
    model: { family, name, fingerprint },
    sampling: setup.sampling,
    search: setup.settings,
  };
}

function schemeOf(table: RseTable, setup: CalibrationSetup, search: ProgressiveSearch): Scheme {
  const { plan } = search;
  const solved = {
    methods: table.methods,
    plan,
    saving: search.saving,
    sparsity: planSparsity(plan, search.methods, setup.sampling),
    rseUsed: search.rseUsed,
  };
  return buildScheme(table, solved, setup.settings, 'progressive');
}
