import { attentionCost } from '../../../calibration/cost/sparsity.ts';
import type { RseTable } from '../../../calibration/rse/rse-table.ts';
import { buildScheme } from '../../../calibration/scheme/build-scheme.ts';
import type { Scheme } from '../../../calibration/scheme/scheme.ts';
import { type PlanChoices, solvePlan } from '../../../calibration/solver/solve-plan.ts';
import { nestedPlan } from '../../../calibration/solver/solve-table.ts';
import { parseMethod } from '../../../mmdit/attention/method.ts';
import type { Solved, SolveSettings } from '../../contract.ts';
import { unavailable } from '../host-errors.ts';
import type { OpenTable } from './open-table.ts';

/** What the sliders and pins say; the table is another matter. */
export type Tuning = Omit<SolveSettings, 'run'>;

/** An answer that knows nothing of the model yet: `attention` is for the prediction of end-to-end speed. */
export interface SolvedAttention extends Omit<Solved, 'endToEndSpeedUp'> {
  /** FLOPs of one picture's attention; null where the table does not say its layouts. */
  readonly attention: { readonly full: number; readonly kept: number } | null;
}

export function solveOpenTable(open: OpenTable, tuning: Tuning): SolvedAttention {
  const started = performance.now();
  const { table } = open;
  const choices = choose(open, tuning);
  const counts = countMethods(table, choices.plan);
  const attention = table.sampling && attentionCost(counts, table.methods.map(parseMethod), table.sampling);
  const sparsity = attention && attention.full > 0 ? 1 - attention.kept / attention.full : null;
  return {
    mode: isProgressive(table, tuning) ? 'progressive' : 'preview',
    plan: choices.plan as Uint8Array<ArrayBuffer>,
    rseUsed: Float32Array.from(choices.rseUsed),
    budgetShare: budgetShare(table, choices.rseUsed, tuning.delta),
    overdrawn: choices.overdrawn,
    ignoredPins: [...choices.ignoredPins],
    headsPerMethod: table.methods.map((_, method) => counts.reduce((sum, layer) => sum + layer[method]!, 0)),
    saving: choices.saving,
    sparsity,
    attentionSpeedUp: sparsity === null || sparsity >= 1 ? null : 1 / (1 - sparsity),
    attention,
    milliseconds: performance.now() - started,
  };
}

/** What the sliders say as a scheme. Throws CalibrationError for a table that does not say what it was made from. */
export function schemeOfTuning(open: OpenTable, tuning: Tuning): Scheme {
  const { table } = open;
  const { plan, rseUsed, saving } = choose(open, tuning);
  const { attention } = solveOpenTable(open, tuning);
  const layers = table.layers.length;
  const solved = {
    methods: table.methods,
    plan: nestedPlan(plan, layers, table.heads),
    saving,
    sparsity: attention && attention.full > 0 ? 1 - attention.kept / attention.full : null,
    rseUsed: Array.from({ length: table.steps }, (_, step) => [
      ...rseUsed.subarray(step * layers, (step + 1) * layers),
    ]),
  };
  const scheme = buildScheme(table, solved, tuning, isProgressive(table, tuning) ? 'progressive' : 'preview');
  return { ...scheme, search: { ...scheme.search, candidates: [...(tuning.candidates ?? scheme.search.candidates)] } };
}

function choose({ table, savings }: OpenTable, tuning: Tuning): PlanChoices {
  const costs = savings.get(tuning.cost);
  if (costs === undefined) {
    throw unavailable(
      tuning.cost === 'measured'
        ? 'This table has no measured timings.'
        : 'This table does not say its token layouts, so FLOPs cannot be counted.',
      'Calibrate again to have them.',
    );
  }
  const { steps, heads, methods, rse } = table;
  const space = { steps, layers: table.layers.length, heads, methods, rse, savings: costs };
  return solvePlan(space, tuning, tuning.candidates, tuning.pins);
}

/** Whether these are the values that the search ran at: its plan is exact, and any other a preview. */
function isProgressive({ search, methods }: RseTable, tuning: Tuning): boolean {
  if (search === null || search.algorithm !== undefined || tuning.pins.length > 0) return false;
  const offered = tuning.candidates ?? methods.filter((method) => method !== 'full');
  const same = offered.length === search.candidates.length && offered.every((name) => search.candidates.includes(name));
  const { delta, headConstraint, granularity, cost } = tuning;
  return (
    same &&
    delta === search.delta &&
    headConstraint === search.headConstraint &&
    granularity === (search.granularity ?? 'head') &&
    cost === search.cost
  );
}

/** Per layer, heads per method over all steps. */
function countMethods({ layers, heads, methods }: RseTable, plan: Uint8Array): readonly Float64Array[] {
  const counts = layers.map(() => new Float64Array(methods.length));
  for (let at = 0; at < plan.length; at++) {
    const layer = counts[Math.floor(at / heads) % layers.length]!;
    layer[plan[at]!]! += 1;
  }
  return counts;
}

/** Mean of rseUsed ÷ δ over all steps but the first, which is always full. */
function budgetShare({ steps, layers }: RseTable, rseUsed: Float64Array, delta: number): number {
  if (steps < 2 || delta === 0) return 0;
  let sum = 0;
  for (let row = layers.length; row < rseUsed.length; row++) sum += rseUsed[row]!;
  return sum / ((steps - 1) * layers.length * delta);
}
