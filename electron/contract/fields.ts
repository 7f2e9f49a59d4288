import { z } from 'zod';
import { visibleText } from '../../mmdit/files/visible-text.ts';

/** Building blocks of the contract. Everything is strict: a field that is not named here is an error. */

export const LIMITS = {
  steps: 1000,
  layers: 1024,
  heads: 1024,
  methods: 64,
  /** Arrows drawn over an attention map. */
  windows: 16,
  prompts: 1000,
  promptCharacters: 20_000,
  pins: 10_000,
  tags: 32,
  /** Of a file to import. A table of 1,000 steps of FLUX with 16 methods has 88 MB. */
  fileBytes: 128 * 1024 * 1024,
} as const;

const CONTROL_OR_SEPARATOR = /[\p{Cc}/\\]/u;

/** The name of one entry of a folder: never a path. */
export const entryName = z
  .string()
  .min(1)
  .max(255)
  .refine((name) => name !== '.' && name !== '..' && !CONTROL_OR_SEPARATOR.test(name), {
    error: 'expected a plain name without path separators',
  });

/** A run is known by its folder's name within the library. */
export const runId = entryName;
export const modelId = z.string().min(1).max(4096);
export const jobId = z.string().min(1).max(64);
/** Control characters are written out, as `run.json` does: they could move a terminal's cursor, or forge a line. */
export const title = z.string().trim().min(1).max(256).transform(visibleText);
export const tag = z.string().trim().min(1).max(64).transform(visibleText);

export const methodName = z.string().regex(/^(full|cached|cfg|(cfg\+)?arrow\/[1-9]\d{0,3}(\+residual)?)$/, {
  error: 'expected full, cached, cfg, or arrow/F (F from 1 to 9999), with cfg+ before or +residual behind where meant',
});
/** Methods offered beside `full`, which always is. */
export const candidates = z
  .array(methodName.refine((name) => name !== 'full', { error: 'full is always offered; leave it out' }))
  .max(LIMITS.methods)
  .refine((names) => new Set(names).size === names.length, { error: 'expected distinct methods' });

export const amount = z.number().nonnegative();
export const fraction = z.number().min(0).max(1);
export const count = z.int().nonnegative();
export const index = z.int().nonnegative().max(1024);

/** δ: bound on the summed RSE of a layer's heads at a step. */
export const delta = z.number().nonnegative().max(1e6);
/** c: no head may use more than c·δ/heads; null for no such bound. */
export const headConstraint = z.number().nonnegative().max(1e6).nullable();
/** `head`: every head has a method of its own. `layer`: all heads of a layer share one at a step. */
export const granularity = z.enum(['head', 'layer']);
/** `flops`: counted from the block mask; `measured`: timed on the device. */
export const costSource = z.enum(['flops', 'measured']);

const pixels = z.int().min(1).max(65_536);
export const sampling = z.strictObject({
  steps: z.int().min(1).max(LIMITS.steps),
  guidance: z.number(),
  width: pixels,
  height: pixels,
});
export const seed = z.int().nonnegative();
export const prompt = z.string().max(LIMITS.promptCharacters);
export const prompts = z.array(prompt.min(1)).min(1).max(LIMITS.prompts);
export const seeds = z.array(seed).min(1).max(LIMITS.prompts);
/** One picture to make. */
export const sample = z.strictObject({
  prompt,
  seed,
  /** What it is not to show; only models with classifier-free guidance look at it. */
  negativePrompt: prompt.exactOptional(),
});
export const samples = z.array(sample).min(1).max(64);

export const tokenOrder = z.enum(['text-first', 'image-first']);
export const tokenLayout = z.strictObject({ text: count, image: count, order: tokenOrder });
/** [BM query rows, BN keys] of the arrow mask. */
export const block = z.tuple([z.int().min(1).max(4096), z.int().min(1).max(4096)]);
/** Image tokens in raster order, as rows and columns of the picture. */
export const tokenGrid = z.strictObject({ columns: count, rows: count });

/** Binary payloads: typed arrays here and in structured clones, parts of a binary frame on a WebSocket. */
export const floats = z.instanceof(Float32Array<ArrayBuffer>);
export const bytes = z.instanceof(Uint8Array<ArrayBuffer>);

export const errorInfo = z.strictObject({
  /** The error's class: `SamplingError`, `CancelledError`, `InvalidRequestError` … */
  name: z.string(),
  /** What happened, where, and what to do. */
  message: z.string(),
  /** What else helps, such as how to go on; null where the message says it all. */
  hint: z.string().nullable(),
});

export const progress = z.strictObject({
  /** 0 to 1, never falling within a job. */
  value: fraction,
  /** What is being done: "Calibrating". */
  title: z.string(),
  /** Where in it: "step 3 of 20". May be empty. */
  detail: z.string(),
  /** Seconds left; null while that cannot be told. */
  etaSeconds: amount.nullable(),
});

/** `auto`, `cpu`, `cuda:0`; on a card `+fp8` and `+offload` after it. */
export const deviceName = z.string().regex(/^(auto|cpu|cuda(:\d{1,2})?(\+fp8)?(\+offload)?)$/, {
  error: 'expected auto, cpu, cuda or cuda:N, on a card with +fp8 or +offload behind where meant',
});
