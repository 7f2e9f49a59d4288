import { z } from 'zod';
import * as field from '../field-limits.ts';

/** `arrowhead-scheme` version 1: a method for every step × layer × head, and what it was made from. */
export const SCHEME_FORMAT = 'arrowhead-scheme';
export const SCHEME_VERSION = 1;

const plan = z.array(z.array(z.array(z.int().nonnegative()).min(1).max(field.LIMITS.heads)).min(1)).min(1);

const schemeFields = z.strictObject({
  format: z.literal(SCHEME_FORMAT),
  version: z.literal(SCHEME_VERSION, { error: 'expected version 1; a newer Arrowhead wrote this file' }),
  model: field.model,
  sampling: z.strictObject(field.sampler),
  search: z.strictObject({ ...field.searchSettings, mode: z.enum(['progressive', 'preview']) }),
  /** [BM query rows, BN keys] of the arrow mask. */
  block: field.block,
  methods: field.methodNames,
  layers: field.layerNames,
  /** Indices into `methods`: `[step][layer][head]`. */
  plan,
  stats: z.strictObject({
    /** 1 − attention FLOPs kept ÷ those of full attention. */
    sparsity: field.finite,
    /** Summed over steps, layers and heads, in the unit of `search.cost`. */
    saving: field.finite,
    /** The largest Σ RSE of any step and layer. */
    largestRse: field.amount,
    /** Heads per method over all steps and layers, in the order of `methods`. */
    heads: z.array(z.int().nonnegative()),
  }),
});

export const schemeSchema = schemeFields.superRefine((scheme, context) => {
  const problem = shapeProblem(scheme);
  if (problem) context.addIssue({ code: 'custom', path: [...problem.path], message: problem.message });
});

/** A scheme without its plan, which at FLUX's size takes ten times as long to check as all else. */
export const schemeHeadSchema = z.object(schemeFields.omit({ plan: true }).shape);

export type Scheme = z.infer<typeof schemeSchema>;
export type SchemeHead = Omit<Scheme, 'plan'>;

interface ShapeProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

function shapeProblem({
  plan,
  sampling,
  layers,
  methods,
  stats,
}: Pick<Scheme, 'plan' | 'sampling' | 'layers' | 'methods' | 'stats'>): ShapeProblem | null {
  if (plan.length !== sampling.steps) {
    return { path: ['plan'], message: `expected ${sampling.steps} steps as sampling.steps says, found ${plan.length}` };
  }
  if (stats.heads.length !== methods.length) {
    return { path: ['stats', 'heads'], message: `expected ${methods.length} counts, found ${stats.heads.length}` };
  }
  const cached = methods.indexOf('cached');
  const heads = plan[0]?.[0]?.length ?? 0;
  for (const [step, row] of plan.entries()) {
    if (row.length !== layers.length) {
      return { path: ['plan', step], message: `expected ${layers.length} layers, found ${row.length}` };
    }
    for (const [layer, choices] of row.entries()) {
      const path = ['plan', step, layer];
      if (choices.length !== heads) return { path, message: `expected ${heads} heads, found ${choices.length}` };
      const wrong = choices.find((choice) => choice >= methods.length);
      if (wrong !== undefined) {
        return { path, message: `expected indices below ${methods.length} (methods), found ${wrong}` };
      }
      if (step === 0 && choices.includes(cached)) {
        return { path, message: 'expected no cached head at step 0, where there is nothing to reuse' };
      }
    }
  }
  return null;
}
