import { z } from 'zod';
import { visibleText } from '../../mmdit/files/visible-text.ts';
import * as field from '../field-limits.ts';

export const RUN_KINDS = ['calibration', 'generation', 'sweep', 'import'] as const;

/**
 * What a list of runs shows beside the manifest, so that no scheme, table or picture is read for it. Made by the run
 * library; null where something changed since.
 */
const summarySchema = z.strictObject({
  kind: z.enum(RUN_KINDS),
  tags: z.array(z.string().max(256)).max(1000),
  /** The run that it was made from. */
  parent: z.string().max(256).nullable(),
  /** Of the first picture or of calibration; may be empty. */
  prompt: z.string().max(100_000),
  /** Of the run's own scheme. */
  sparsity: z.number().nullable(),
  /** Means over its pictures. */
  ssim: z.number().nullable(),
  lpips: z.number().nullable(),
  hasTable: z.boolean(),
  /** Whether it can be resumed when it is unfinished and no program works on it. */
  resumable: z.boolean(),
  /** File of the picture that stands for it. */
  thumbnail: z.string().max(256).nullable(),
});

export type StoredSummary = z.infer<typeof summarySchema>;

/** `run.json`: what a run folder is about, for people, the run library and Python. */
export const runManifestSchema = z.strictObject({
  format: z.literal('arrowhead-run'),
  /** 2 since it holds a summary. */
  version: z.literal([1, 2], { error: 'expected version 1 or 2; a newer Arrowhead wrote this file' }),
  /** Control characters are written out: they could move a terminal's cursor, or forge a line. */
  name: z
    .string()
    .min(1)
    .transform(visibleText)
    .pipe(z.string().max(256 * 6)),
  /** ISO 8601, UTC. */
  created: z.iso.datetime(),
  status: z.enum(['running', 'finished', 'cancelled', 'failed']),
  model: field.model.nullable(),
  device: z.string().max(512).nullable(),
  sampling: z.strictObject(field.sampler).nullable(),
  search: z.strictObject(field.searchSettings).nullable(),
  /** Wall times by what took them. */
  seconds: z.record(z.string().max(128), z.number().nonnegative()),
  /** Why it failed; null otherwise. */
  error: z.string().max(100_000).nullable(),
  /** Changes so far, of run.json and of the notes beside it. */
  revision: z.int().nonnegative().default(0),
  summary: summarySchema.nullable().default(null),
});

export type RunManifest = z.infer<typeof runManifestSchema>;

const metricSchema = z.strictObject({
  prompt: z.string().max(100_000),
  seed: z.int().nonnegative(),
  negativePrompt: z.string().max(100_000).exactOptional(),
  /** Files of the run folder. */
  original: z.string().max(256),
  compressed: z.string().max(256),
  identical: z.boolean(),
  ssim: z.number(),
  /** dB; null for identical pictures, whose PSNR is infinite. */
  psnr: z.number().nullable(),
  mse: z.number().nonnegative(),
  /** v0.1, AlexNet, inputs in [−1, 1]; null where its weights were not there. */
  lpips: z.number().nullable(),
  /** The same with inputs in [0, 1]. null too in files from before there was one. */
  lpipsPaper: z.number().nullable().default(null),
});

/** `metrics.json`: how far each compressed picture is from its original. */
export const runMetricsSchema = z.strictObject({
  format: z.literal('arrowhead-metrics'),
  version: z.literal(1),
  pictures: z.array(metricSchema).max(100_000),
});

export type PictureMetrics = z.infer<typeof metricSchema>;
