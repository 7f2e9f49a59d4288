import { z } from 'zod';
import * as field from '../field-limits.ts';

const heads = z.array(z.int().nonnegative()).max(field.LIMITS.methods);

const appliedSchema = z.strictObject({
  /** A file of the run folder. */
  picture: z.string().max(256),
  calls: z.int().nonnegative(),
  methods: field.methodNames,
  heads,
  sparsity: field.finite,
  steps: z.array(z.strictObject({ heads, sparsity: field.finite })).max(field.LIMITS.steps),
  mismatches: z.int().nonnegative(),
  firstMismatch: z.string().max(10_000).nullable(),
});

/** `applied.json`: what attention did for each picture of a run, as the fields of AppliedReport say. */
export const appliedFileSchema = z.strictObject({
  format: z.literal('arrowhead-applied'),
  version: z.literal(1, { error: 'expected version 1; a newer Arrowhead wrote this file' }),
  pictures: z.array(appliedSchema).max(100_000),
});

export type AppliedPicture = z.infer<typeof appliedSchema>;
