import { z } from 'zod';
import { attentionRequest } from './attention.ts';
import { planSource } from './calibrations.ts';
import * as field from './fields.ts';

const bounds = {
  delta: field.delta,
  headConstraint: field.headConstraint,
  granularity: field.granularity.default('head'),
  candidates: field.candidates.min(1),
  cost: field.costSource,
};

/** Pictures with full attention, under a plan, or both to compare. Makes a run. */
export const generateJob = z.strictObject({
  kind: z.literal('generate'),
  name: field.title.optional(),
  /** null: the demo. */
  model: field.modelId.nullable(),
  samples: field.samples,
  sampling: field.sampling,
  /** null: full attention. */
  plan: planSource.nullable(),
  /** Under a plan: make the picture with full attention too, and compare. */
  compare: z.boolean(),
});

/** A progressive search, then pictures to judge it by. Makes a run. */
export const calibrateJob = z.strictObject({
  kind: z.literal('calibrate'),
  name: field.title.optional(),
  model: field.modelId.nullable(),
  /** Every prompt is run with every seed. */
  prompts: field.prompts,
  seeds: field.seeds,
  /** Of all prompts; of no effect where the model takes none. */
  negativePrompt: field.prompt.exactOptional(),
  sampling: field.sampling,
  ...bounds,
  /** Pictures to make with full attention and under the scheme, and to compare; may be empty. */
  evaluate: z.array(field.sample).max(64),
});

/** Goes on with a calibration that was cancelled, failed or killed; under its own settings. */
export const resumeJob = z.strictObject({ kind: z.literal('resume'), run: field.runId });

/** A progressive search with a run's model, prompts, seeds and sampling at other bounds: what a preview promised. */
export const confirmJob = z.strictObject({
  kind: z.literal('confirm-search'),
  name: field.title.optional(),
  run: field.runId,
  ...bounds,
  evaluate: z.array(field.sample).max(64),
});

/** δ × c: re-solves the run's table at every pair, makes the pictures and compares them. Makes a run. */
export const sweepJob = z.strictObject({
  kind: z.literal('sweep'),
  name: field.title.optional(),
  run: field.runId,
  deltas: z.array(field.delta).min(1).max(32),
  headConstraints: z.array(field.headConstraint).min(1).max(32),
  granularity: field.granularity.default('head'),
  candidates: field.candidates.nullable(),
  cost: field.costSource,
  samples: field.samples,
});

/** Computes the maps of one step; `attention.map` starts it by itself. */
export const attentionJob = z.strictObject({ kind: z.literal('attention-map'), ...attentionRequest.shape });

export const jobRequest = z.discriminatedUnion('kind', [
  generateJob,
  calibrateJob,
  resumeJob,
  confirmJob,
  sweepJob,
  attentionJob,
]);

export const jobStatus = z.enum(['queued', 'running', 'finished', 'failed', 'cancelled']);

export const job = z.strictObject({
  id: field.jobId,
  request: jobRequest,
  /** For people: "Calibrate demo, 512×512". */
  title: z.string(),
  status: jobStatus,
  /** Jobs that go first; 0 while it runs and afterwards. */
  position: field.count,
  /** ISO 8601, UTC. */
  created: z.string(),
  started: z.string().nullable(),
  ended: z.string().nullable(),
  progress: field.progress,
  /** Sentences that the user should read: words ignored, a scheme that does not fit. */
  notices: z.array(z.string()),
  /** The run it writes, known once it has started; null for attention maps. */
  run: field.runId.nullable(),
  /** Why it failed or was cancelled; null otherwise. */
  error: field.errorInfo.nullable(),
});
