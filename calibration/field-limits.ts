import { z } from 'zod';
import { METHOD_FORMS, parseMethod } from '../mmdit/attention/method.ts';
import { GRANULARITIES } from './solver/granularity.ts';

/** What our files may hold at most: far beyond real models, small enough that no file makes us allocate much. */
export const LIMITS = { steps: 1000, layers: 1024, heads: 1024, methods: 64, prompts: 10_000, seeds: 10_000 } as const;

const MAX_TOKENS = 1 << 24;
const MAX_PIXELS = 1 << 16;

export const name = z.string().min(1).max(512);
export const stepCount = z.int().min(1).max(LIMITS.steps);
export const finite = z.number();
export const amount = z.number().nonnegative();

export const methodName = z.string().refine(isMethod, {
  error: ({ input }) => `expected ${METHOD_FORMS}, with F from 1 to 9999; found "${String(input).slice(0, 80)}"`,
});
export const methodNames = distinct(z.array(methodName).min(1).max(LIMITS.methods));
export const layerNames = distinct(z.array(name).min(1).max(LIMITS.layers));

export const tokenOrder = z.enum(['text-first', 'image-first']);
export const tokens = z.int().nonnegative().max(MAX_TOKENS);
export const block = z.tuple([z.int().min(1).max(4096), z.int().min(1).max(4096)]);
export const layout = z.strictObject({ text: tokens, image: tokens, order: tokenOrder });

export const model = z.strictObject({
  family: z.enum(['flux', 'sd3']),
  name,
  fingerprint: z.string().max(256),
});

const pixels = z.int().min(1).max(MAX_PIXELS);
export const sampler = {
  scheduler: name,
  steps: stepCount,
  guidance: finite,
  width: pixels,
  height: pixels,
  textTokens: tokens,
  tokenOrder,
};

export const searchSettings = {
  delta: amount,
  headConstraint: amount.nullable(),
  /** Absent: `head`, as in every file before there was another. */
  granularity: z.enum(GRANULARITIES).optional(),
  /** Absent: the progressive search. DiTFastAttn's has a threshold in the place of δ and c, which are 0 and null. */
  algorithm: z.literal('ditfastattn').exactOptional(),
  threshold: amount.exactOptional(),
  candidates: distinct(z.array(methodName).max(LIMITS.methods)),
  prompts: z.array(z.string().max(100_000)).min(1).max(LIMITS.prompts),
  seeds: z.array(z.int().nonnegative()).min(1).max(LIMITS.seeds),
  cost: z.enum(['flops', 'measured', 'file']),
  device: z.string().max(512),
  /** Of all prompts; absent where the model took none, and in files from before there were any. */
  negativePrompt: z.string().max(100_000).exactOptional(),
};

function isMethod(text: string): boolean {
  try {
    parseMethod(text);
    return true;
  } catch {
    return false;
  }
}

function distinct<T extends z.ZodType<readonly string[]>>(schema: T): T {
  return schema.refine((values) => new Set(values).size === values.length, { error: 'expected distinct names' });
}
