import { z } from 'zod';
import * as field from './fields.ts';

export const attentionRequest = z.strictObject({
  model: field.modelId.nullable(),
  sample: field.sample,
  sampling: field.sampling,
  /** How the steps before were computed: full attention where null. */
  scheme: z.strictObject({ run: field.runId, scheme: field.entryName }).nullable(),
  step: field.index,
  layer: field.index,
  head: field.index,
  /** Arrow windows to draw, by fraction: `arrow/8` is 8. */
  fractions: z.array(z.int().min(1).max(9999)).max(field.LIMITS.windows),
});

/** What an arrow keeps of the joint sequence. */
export const arrowOverlay = z.strictObject({
  fraction: z.int(),
  /** Mean over query tokens of the probability mass that it keeps. */
  keptMass: z.number(),
  /** 1 − kept pairs ÷ all pairs. */
  sparsity: z.number(),
  /**
   * Kept keys of every block of query rows, in tokens, rounded to whole blocks as the kernels run them: rows
   * [m·BM, (m+1)·BM) keep keys [begin, end) of each range. Ranges of a row are sorted and do not touch.
   */
  rows: z.array(z.array(z.tuple([field.count, field.count]))),
});

export const attentionMap = z.strictObject({
  step: field.count,
  layer: field.count,
  head: field.count,
  layout: field.tokenLayout,
  tokenGrid: field.tokenGrid,
  block: field.block,
  /** Tokens per row and column of the map: cell (i, j) covers queries [i·cell, (i+1)·cell) and keys alike. */
  cell: z.int().positive(),
  /** Rows and columns: ceil(tokens ÷ cell). */
  size: z.int().positive(),
  /** Mean probability per pair of cells, `[size, size]` row-major; a row's values × cell sum up to about 1. */
  values: field.floats,
  overlays: z.array(arrowOverlay),
});
