import { z } from 'zod';
import { searchSettings } from './calibrations.ts';
import * as field from './fields.ts';
import { lpipsMissing, lpipsNetwork } from './lpips.ts';

export const runKind = z.enum(['calibration', 'generation', 'sweep', 'import']);

/** How far a picture is from another. */
export const metrics = z.strictObject({
  identical: z.boolean(),
  ssim: z.number(),
  /** dB; null for identical pictures, whose PSNR is infinite. */
  psnr: z.number().nullable(),
  mse: field.amount,
  /** LPIPS v0.1, inputs in [−1, 1]; of AlexNet in runs. null where the network's weights are not there. */
  lpips: z.number().nullable(),
  /** The same with inputs in [0, 1]: DiTFastAttnV2's protocol. */
  lpipsPaper: z.number().nullable().default(null),
});

/** How far any two pictures are apart. */
export const comparison = metrics.extend({
  lpipsNetwork,
  /** Why `lpips` is null. */
  lpipsMissing: lpipsMissing.nullable(),
});

export const runSummary = z.strictObject({
  id: field.runId,
  name: z.string(),
  kind: runKind,
  /** ISO 8601, UTC. */
  created: z.string(),
  /** Interrupted: the program that worked on it ended before it did, by a kill or a power cut. */
  status: z.enum(['running', 'finished', 'cancelled', 'failed', 'interrupted']),
  error: z.string().nullable(),
  tags: z.array(z.string()),
  /** Of the first sample or prompt; may be empty. */
  prompt: z.string(),
  model: z.strictObject({ family: z.string(), name: z.string(), fingerprint: z.string() }).nullable(),
  sampling: field.sampling.nullable(),
  delta: field.amount.nullable(),
  headConstraint: field.amount.nullable(),
  /** Of its own scheme. */
  sparsity: z.number().nullable(),
  /** Means over its pictures. */
  ssim: z.number().nullable(),
  lpips: z.number().nullable(),
  /** Whether `calibration.open` can open it. */
  hasTable: z.boolean(),
  /** A calibration under way or left unfinished: `resume` goes on with it. */
  resumable: z.boolean(),
  /** The run that it was made from. */
  parent: field.runId.nullable(),
  /** The picture that stands for it, and the time of its last change, ms; null where there is none. */
  thumbnail: z.strictObject({ file: field.entryName, modified: z.number() }).nullable(),
});

/** A folder of the library with a run.json that cannot be used. */
export const unreadableRun = z.strictObject({ id: z.string(), reason: z.string() });

/** What has become of a run: its summary; else the reason why it cannot be read; else it is gone. */
export const runChange = z.strictObject({
  run: z.string(),
  summary: runSummary.nullable(),
  reason: z.string().nullable(),
});

/** What attention did for a picture, counted from the calls that were made. */
export const appliedMethods = z.strictObject({
  methods: z.array(z.string()),
  /** Heads that ran each method, over all steps and layers. */
  heads: z.array(field.count),
  /** 1 − attention FLOPs of what ran ÷ those of full attention. */
  sparsity: z.number(),
  /** Heads that ran another method than the scheme says; 0: the scheme took effect. */
  mismatches: field.count,
  /** The first of them in words; null where there is none. */
  firstMismatch: z.string().nullable(),
});

export const picture = z.strictObject({
  prompt: z.string(),
  seed: field.count,
  negativePrompt: z.string().exactOptional(),
  /** Files of the run; null where that picture was not made. */
  original: z.string().nullable(),
  compressed: z.string().nullable(),
  difference: z.string().nullable(),
  metrics: metrics.nullable(),
  /** Of the compressed picture; null where nothing was recorded. */
  applied: appliedMethods.nullable(),
  /** Wall time of denoising. */
  seconds: z.strictObject({ original: field.amount.nullable(), compressed: field.amount.nullable() }),
});

export const schemeSummary = z.strictObject({
  file: field.entryName,
  delta: field.amount,
  headConstraint: field.amount.nullable(),
  /** Of DiTFastAttn's search, in the place of δ and c; else absent. */
  threshold: field.amount.exactOptional(),
  mode: z.enum(['progressive', 'preview']),
  sparsity: z.number(),
});

/** One pair of bounds of a sweep. */
export const sweepPoint = z.strictObject({
  delta: field.amount,
  headConstraint: field.amount.nullable(),
  scheme: field.entryName,
  sparsity: z.number(),
  attentionSpeedUp: z.number().nullable(),
  endToEndSpeedUp: z.number().nullable(),
  /** Wall time of denoising with full attention ÷ under the scheme, mean over the samples. */
  measuredSpeedUp: z.number().nullable(),
  /** Means over the samples. */
  ssim: z.number(),
  psnr: z.number().nullable(),
  lpips: z.number().nullable(),
  lpipsPaper: z.number().nullable().default(null),
  /** Whether no other point is better in sparsity and SSIM. */
  onFront: z.boolean(),
  /** Positions in the run's pictures, one per sample. */
  pictures: z.array(field.count),
});

export const runDetails = z.strictObject({
  summary: runSummary,
  /** Where it lies on the host's machine. */
  folder: z.string(),
  device: z.string().nullable(),
  search: searchSettings.nullable(),
  /** Wall times by what took them. */
  seconds: z.record(z.string(), field.amount),
  schemes: z.array(schemeSummary),
  pictures: z.array(picture),
  /** Empty unless it is a sweep; grows while one runs. */
  sweep: z.array(sweepPoint),
});

export const imageRef = z.strictObject({ run: field.runId, file: field.entryName });

export const image = z.strictObject({
  mediaType: z.enum(['image/png', 'image/webp']),
  width: field.count,
  height: field.count,
  data: field.bytes,
});

/** A file for the user to keep. */
export const exportedFile = z.strictObject({
  fileName: z.string(),
  mediaType: z.string(),
  data: field.bytes,
});
