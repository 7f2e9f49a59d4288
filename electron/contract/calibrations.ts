import { z } from 'zod';
import * as field from './fields.ts';

export const searchSettings = z.strictObject({
  delta: field.amount,
  headConstraint: field.amount.nullable(),
  granularity: field.granularity,
  /** Absent: the progressive search. DiTFastAttn's has a threshold in the place of δ and c, which are 0 and null. */
  algorithm: z.literal('ditfastattn').exactOptional(),
  threshold: field.amount.exactOptional(),
  candidates: z.array(z.string()),
  prompts: z.array(z.string()),
  seeds: z.array(field.count),
  cost: z.enum(['flops', 'measured', 'file']),
  device: z.string(),
  /** What no picture was to show; absent where the model took none. */
  negativePrompt: z.string().exactOptional(),
});

export const tableSampling = z.strictObject({
  ...field.sampling.shape,
  scheduler: z.string(),
  textTokens: field.count,
  imageTokens: field.count,
  tokenOrder: field.tokenOrder,
  tokenGrid: field.tokenGrid.nullable(),
  block: field.block,
  headDim: field.count,
  /** One per layer. */
  layouts: z.array(field.tokenLayout),
});

/** Everything that a search measured. */
export const calibration = z.strictObject({
  run: field.runId,
  steps: field.count,
  layers: z.array(z.string()),
  /** In the order of the third axis, and what plans of this calibration point into; `full` first, with RSE 0. */
  methods: z.array(z.string()),
  heads: field.count,
  /** `[steps, layers, methods, heads]`; NaN or Infinity where a method is not possible (`cached` at step 0). */
  rse: field.floats,
  /** What the search itself chose, `[steps, layers, heads]`; null for a table that came without its scheme. */
  plan: field.bytes.nullable(),
  /** null in tables of other programs that do not say. */
  sampling: tableSampling.nullable(),
  search: searchSettings.nullable(),
  /** What solve can count savings by; empty where the table says too little. */
  savings: z.array(
    z.strictObject({
      source: field.costSource,
      /** `[layers][methods]`: what one head saves against full attention, in FLOPs of one sample or seconds. */
      layers: z.array(z.array(z.number())),
    }),
  ),
});

/** A method chosen by hand. null is every step, layer or head; the later of two pins that meet wins. */
export const pin = z.strictObject({
  step: field.index.nullable(),
  layer: field.index.nullable(),
  head: field.index.nullable(),
  method: field.methodName,
});

export const solveSettings = z.strictObject({
  run: field.runId,
  delta: field.delta,
  headConstraint: field.headConstraint,
  granularity: field.granularity.default('head'),
  /** Methods of the calibration to choose from; null: all of them. `full` always is. */
  candidates: field.candidates.nullable(),
  /**
   * A pinned head takes its method whatever the bounds say, and the layer's other heads share what is left of δ.
   * Where the method was not possible at a step, the pin does nothing there.
   */
  pins: z.array(pin).max(field.LIMITS.pins),
  cost: field.costSource,
});

export const solved = z.strictObject({
  /** `progressive`: these are the values that the search ran at, and its plan is exact. `preview` otherwise. */
  mode: z.enum(['progressive', 'preview']),
  /** Indices into the calibration's methods, `[steps, layers, heads]`. */
  plan: field.bytes,
  /** Summed RSE of the chosen methods, `[steps, layers]`. */
  rseUsed: field.floats,
  /** rseUsed ÷ δ over all steps but the first (which is always full): the mean; above 1 only where pins overdraw. */
  budgetShare: field.amount,
  /** Steps × layers whose pins use more than δ. */
  overdrawn: field.count,
  /** Pins that did nothing, by their position in the request. */
  ignoredPins: z.array(field.count),
  /** Heads per method over all steps and layers, in the order of the methods. */
  headsPerMethod: z.array(field.count),
  /** In the unit of the cost source: FLOPs or seconds of one sample. */
  saving: z.number(),
  /** 1 − attention FLOPs kept ÷ those of full attention; null where the table does not say its layouts. */
  sparsity: z.number().nullable(),
  /** From FLOPs: 1 ÷ (1 − sparsity), Infinity never sent: null where nothing is left or known. */
  attentionSpeedUp: z.number().nullable(),
  /** From the FLOPs of the whole transformer; null where the model is not known. */
  endToEndSpeedUp: z.number().nullable(),
  /** Wall time of the solve. */
  milliseconds: field.amount,
});

export const schemeRef = z.strictObject({ run: field.runId, scheme: field.entryName });

/** A scheme for a picture: a file of a run, or what the sliders say now. */
export const planSource = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('scheme'), ...schemeRef.shape }),
  z.strictObject({ kind: z.literal('solve'), ...solveSettings.shape }),
]);

export const schemeContent = z.strictObject({
  ...schemeRef.shape,
  model: z.strictObject({ family: z.string(), name: z.string(), fingerprint: z.string() }),
  steps: field.count,
  layers: z.array(z.string()),
  heads: field.count,
  methods: z.array(z.string()),
  /** `[steps, layers, heads]` */
  plan: field.bytes,
  mode: z.enum(['progressive', 'preview']),
  search: searchSettings,
  block: field.block,
  sparsity: z.number(),
});

/** Two schemes of equal steps, layers and heads, head by head. */
export const schemeDiff = z.strictObject({
  steps: field.count,
  layers: z.array(z.string()),
  heads: field.count,
  /** Those of either scheme: what both plans point into. */
  methods: z.array(z.string()),
  /** `[steps, layers, heads]` */
  planA: field.bytes,
  planB: field.bytes,
  /** Heads that differ, as a fraction of the layer's: `[steps, layers]`. */
  changed: field.floats,
  changedHeads: field.count,
  /** How many heads went from one method to another; only those that occur, most frequent first. */
  transitions: z.array(z.strictObject({ from: z.string(), to: z.string(), heads: field.count })),
  /** Settings that differ: model, δ, c, candidates, block … */
  settings: z.array(z.strictObject({ field: z.string(), a: z.string(), b: z.string() })),
  sparsityA: z.number(),
  sparsityB: z.number(),
});
