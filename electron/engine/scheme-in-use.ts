import { applyScheme } from '../../calibration/scheme/apply-scheme.ts';
import type { Scheme } from '../../calibration/scheme/scheme.ts';
import type { AttentionPlan, Pipeline, Sampling } from '../../mmdit/index.ts';

/** The plan of a scheme for a model; what `force` overrides is told through `onNotice`. Throws as applyScheme does. */
export function planOfScheme(
  scheme: Scheme,
  pipeline: Pipeline,
  sampling: Sampling,
  options: { readonly force: boolean; readonly onNotice?: ((text: string) => void) | undefined },
): AttentionPlan {
  const { plan, mismatches } = applyScheme(scheme, pipeline, sampling, { force: options.force });
  for (const { field, expected, found } of mismatches) {
    options.onNotice?.(`the scheme was made for ${field} ${expected} and is used with ${found}`);
  }
  return plan;
}
