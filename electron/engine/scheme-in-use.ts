import { type AppliedReport, appliedReport } from '../../calibration/scheme/applied-report.ts';
import { applyScheme } from '../../calibration/scheme/apply-scheme.ts';
import type { Scheme } from '../../calibration/scheme/scheme.ts';
import type { AppliedCall, AttentionPlan, Pipeline, Sampling } from '../../mmdit/index.ts';

/** A scheme with the plan that it is for a model. */
export interface SchemeInUse {
  readonly scheme: Scheme;
  readonly plan: AttentionPlan;
}

interface Noticing {
  readonly onNotice?: ((text: string) => void) | undefined;
}

/** A scheme made ready for a model; what `force` overrides is told through `onNotice`. Throws as applyScheme does. */
export function prepareScheme(
  scheme: Scheme,
  pipeline: Pipeline,
  sampling: Sampling,
  options: { readonly force: boolean } & Noticing,
): SchemeInUse {
  const { plan, mismatches } = applyScheme(scheme, pipeline, sampling, { force: options.force });
  for (const { field, expected, found } of mismatches) {
    options.onNotice?.(`the scheme was made for ${field} ${expected} and is used with ${found}`);
  }
  return { scheme, plan };
}

/** What ran, against what the scheme (null: full attention) says; a difference is told through `onNotice`. */
export function reportApplied(
  applied: readonly AppliedCall[],
  { layers }: Pipeline,
  { steps }: Sampling,
  use: SchemeInUse | null,
  { onNotice }: Noticing,
): AppliedReport {
  const report = appliedReport(applied, { layers, steps, scheme: use?.scheme ?? null });
  if (report.mismatches > 0) {
    onNotice?.(`${report.mismatches} heads did not run as they should; the first: ${report.firstMismatch}`);
  }
  return report;
}
