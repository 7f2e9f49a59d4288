import type { AttentionPlan } from '../../mmdit/attention/attention-plan.ts';
import { parseMethod } from '../../mmdit/attention/method.ts';
import { requirePlan } from '../../mmdit/attention/require-plan.ts';
import type { Pipeline, Sampling } from '../../mmdit/pipeline/pipeline.ts';
import type { Scheme } from './scheme.ts';

/** One thing in which a run differs from what its scheme was made for. */
export interface SchemeMismatch {
  readonly field: 'model' | 'steps' | 'scheduler' | 'guidance' | 'tokenOrder' | 'textTokens';
  readonly expected: string;
  readonly found: string;
}

/** The scheme was made for something else; nothing is applied until the caller insists (`force`). */
export class SchemeMismatchError extends Error {
  override readonly name = 'SchemeMismatchError';
  readonly mismatches: readonly SchemeMismatch[];

  constructor(mismatches: readonly SchemeMismatch[]) {
    const list = mismatches.map(({ field, expected, found }) => `${field}: made for ${expected}, found ${found}`);
    super(`The scheme was made for other settings (${list.join('; ')}). Calibrate for these, or force it`);
    this.mismatches = mismatches;
  }
}

export interface AppliedScheme {
  readonly plan: AttentionPlan;
  /** What `force` overrode. */
  readonly mismatches: readonly SchemeMismatch[];
}

/** What to ask about before a scheme is applied; empty where it fits. Size may differ freely: windows are fractions. */
export function schemeMismatches(scheme: Scheme, pipeline: Pipeline, sampling: Sampling): readonly SchemeMismatch[] {
  const now = pipeline.describeSampling(sampling);
  const made = scheme.sampling;
  const { identity } = pipeline;
  const mismatches: SchemeMismatch[] = [];
  const compare = (field: SchemeMismatch['field'], expected: string | number, found: string | number): void => {
    if (expected !== found) mismatches.push({ field, expected: String(expected), found: String(found) });
  };
  if (scheme.model.fingerprint !== identity.fingerprint) {
    const describe = (model: { name: string; fingerprint: string }): string => `${model.name} (${model.fingerprint})`;
    compare('model', describe(scheme.model), describe(identity));
  }
  compare('steps', made.steps, now.steps);
  compare('scheduler', made.scheduler, now.scheduler);
  compare('guidance', made.guidance, now.guidance);
  compare('tokenOrder', made.tokenOrder, now.tokenOrder);
  compare('textTokens', made.textTokens, now.textTokens);
  return mismatches;
}

/**
 * The plan to hand to `generate`. Throws SchemeMismatchError where the scheme was made for other settings, unless
 * forced; PlanError or UnsupportedBlockError, forced or not, where model or device cannot run it. A plan forced onto
 * another step count is stretched: each step takes the choices of the step at the same part of the way.
 */
export function applyScheme(
  scheme: Scheme,
  pipeline: Pipeline,
  sampling: Sampling,
  options: { readonly force?: boolean } = {},
): AppliedScheme {
  const mismatches = schemeMismatches(scheme, pipeline, sampling);
  if (mismatches.length > 0 && !options.force) throw new SchemeMismatchError(mismatches);
  const plan = {
    block: scheme.block,
    methods: scheme.methods.map(parseMethod),
    layers: scheme.layers,
    choices: schemeChoices(scheme, sampling.steps),
  };
  requirePlan(plan, pipeline.layers, sampling.steps, pipeline.device, pipeline.usesNegativePrompts(sampling));
  return { plan, mismatches };
}

/** The choices of a scheme at a step count, `[step][layer][head]`. */
export function schemeChoices({ plan }: Scheme, steps: number): Scheme['plan'] {
  if (steps === plan.length) return plan;
  const lastMade = plan.length - 1;
  const last = Math.max(1, steps - 1);
  return Array.from({ length: steps }, (_, step) => {
    const nearest = Math.round((step * lastMade) / last);
    // Step 0 is no guide for later steps: there it was full only because nothing could be cached.
    return plan[step === 0 ? 0 : Math.max(Math.min(1, lastMade), nearest)]!;
  });
}
