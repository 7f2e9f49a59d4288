import { z } from 'zod';
import * as field from '../field-limits.ts';

/** `run.json`: what a run folder is about, for people, the run library and Python. */
export const runManifestSchema = z.strictObject({
  format: z.literal('arrowhead-run'),
  version: z.literal(1, { error: 'expected version 1; a newer Arrowhead wrote this file' }),
  name: z.string().min(1).max(256),
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
