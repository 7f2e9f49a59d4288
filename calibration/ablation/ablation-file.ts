import { z } from 'zod';
import { writeWholeFile } from '../../mmdit/files/write-whole-file.ts';
import * as field from '../field-limits.ts';
import { readJsonFile } from '../json-file.ts';
import { GRANULARITIES } from '../solver/granularity.ts';
import { ABLATION_TABLES } from './plan-ablation.ts';

export const ABLATION_FILE = 'ablation.json';
const MAX_BYTES = 64 * 1024 * 1024;

const searchSchema = z.strictObject({
  delta: field.amount,
  headConstraint: field.amount.nullable(),
  granularity: z.enum(GRANULARITIES),
  threshold: field.amount.nullable(),
  candidates: field.methodNames,
});

const resultSchema = z.strictObject({
  search: searchSchema,
  /** Of its run, within the ablation's. */
  folder: z.string().max(256),
  sparsity: field.finite,
  /** Means over the evaluation pictures. */
  ssim: field.finite,
  /** dB; null where a picture is equal to its original, whose PSNR is infinite. */
  psnr: field.finite.nullable(),
  /** null without the network's weights. */
  lpips: field.finite.nullable(),
  /** Of attention, from its FLOPs; null where nothing is left of it. */
  attentionSpeedUp: field.finite.nullable(),
  /** Of denoising, from the FLOPs of the whole transformer. */
  predictedSpeedUp: field.finite,
  /** Of denoising: wall time with full attention ÷ under the scheme. */
  measuredSpeedUp: field.finite,
  /** Wall time of the search; null where it was cut off just as it ended. */
  searchSeconds: field.amount.nullable(),
  /** Of denoising the evaluation pictures under the scheme. */
  pictureSeconds: field.amount,
  /** Heads that did not run as the scheme says: 0 where it took effect. */
  mismatches: z.int().nonnegative(),
});

const fileSchema = z.strictObject({
  format: z.literal('arrowhead-ablation'),
  version: z.literal(1, { error: 'expected version 1; a newer Arrowhead wrote this file' }),
  created: z.iso.datetime(),
  model: field.model,
  device: z.string().max(512),
  sampling: z.strictObject(field.sampler),
  settings: z.strictObject({
    base: searchSchema,
    deltas: z.array(field.amount).max(1000),
    headConstraints: z.array(field.amount.nullable()).max(1000),
    thresholds: z.array(field.amount).max(1000),
    tables: z.array(z.enum(ABLATION_TABLES)),
    /** Why rows with CFG sharing cannot run; null where they can. */
    unguided: z.string().max(10_000).nullable(),
    cost: z.enum(['flops', 'measured']),
    /** Calibrated on: every prompt with every seed. */
    prompts: z.array(z.string().max(100_000)).min(1).max(field.LIMITS.prompts),
    seeds: z.array(z.int().nonnegative()).min(1).max(field.LIMITS.seeds),
    /** Of all of them; empty for none. */
    negativePrompt: z.string().max(100_000),
    /** Judged by. */
    evaluation: z
      .array(
        z.strictObject({
          prompt: z.string().max(100_000),
          seed: z.int().nonnegative(),
          negativePrompt: z.string().max(100_000),
        }),
      )
      .min(1)
      .max(10_000),
  }),
  /** Evaluation pictures with full attention, as far as they are made. */
  originals: z.array(z.strictObject({ file: z.string().max(256), seconds: field.amount })),
  results: z.array(resultSchema).max(100_000),
});

/** `ablation.json`: what an ablation was asked for, and what it has found so far. */
export type AblationFile = z.infer<typeof fileSchema>;
export type AblationSettings = AblationFile['settings'];
export type AblationResult = AblationFile['results'][number];

/** Throws CalibrationFileError. */
export function readAblation(file: string): Promise<AblationFile> {
  return readJsonFile(file, fileSchema, MAX_BYTES);
}

/** Throws FileWriteError; the file is whole or was not touched. */
export async function writeAblation(file: string, ablation: AblationFile): Promise<void> {
  await writeWholeFile(file, `${JSON.stringify(fileSchema.parse(ablation), null, 1)}\n`);
}
