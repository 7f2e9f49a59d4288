import { parseMethod } from '../../mmdit/attention/method.ts';
import { CalibrationError } from '../calibration-error.ts';
import { layerSavings, type Savings } from '../cost/savings.ts';
import { planSparsity } from '../cost/sparsity.ts';
import type { RseTable } from '../rse/rse-table.ts';
import { LayerSolver } from './layer-solver.ts';

export interface SolveSettings {
  /** Bound on the summed RSE of a layer's heads at a step; finite, not negative. */
  readonly delta: number;
  /** c: no head may use more than c·δ/heads. null: no such bound. */
  readonly headConstraint: number | null;
  /** Default: attention FLOPs from the table's own sampling settings. */
  readonly savings?: Savings;
}

type Budget = Pick<SolveSettings, 'delta' | 'headConstraint'>;

export interface SolvedTable {
  /** What `plan` points into; the table's methods, with `full` put first where the table lacks it. */
  readonly methods: readonly string[];
  /** `[step][layer][head]` */
  readonly plan: readonly (readonly (readonly number[])[])[];
  /** Of all steps, layers and heads, in the unit of the savings (FLOPs of one sample by default). */
  readonly saving: number;
  /** 1 − attention FLOPs kept ÷ those of full attention; null where the table does not say its token layouts. */
  readonly sparsity: number | null;
  /** Summed RSE of the chosen methods, `[step][layer]`. */
  readonly rseUsed: readonly (readonly number[])[];
  /** Wall time of the solve. */
  readonly milliseconds: number;
}

/** Re-solves every step and layer of a table exactly: a preview until a search at these values confirms it. */
export function solveTable(table: RseTable, settings: SolveSettings): SolvedTable {
  const started = performance.now();
  requireBudget(settings);
  const { steps, layers, heads } = table;
  const { methods, rse } = withFull(table);
  const savings = layerSavings(settings.savings ?? { source: 'flops' }, methods, table);
  const full = methods.indexOf('full');
  const limit = headLimit(settings, heads);
  const solver = new LayerSolver(heads, methods.length, full);
  const choices = new Uint8Array(heads);
  let saving = 0;
  let known: Float64Array | undefined;
  const plan: number[][][] = [];
  const rseUsed: number[][] = [];
  for (let step = 0; step < steps; step++) {
    const stepPlan: number[][] = [];
    const stepRse: number[] = [];
    for (let layer = 0; layer < layers.length; layer++) {
      const layerSaving = savings[layer]!;
      if (layerSaving !== known) solver.setSavings(layerSaving);
      known = layerSaving;
      solver.solve(rse, (step * layers.length + layer) * methods.length * heads, settings.delta, limit, choices, 0);
      stepPlan.push(Array.from(choices));
      stepRse.push(solver.rse);
      saving += chosenSaving(choices, layerSaving);
    }
    plan.push(stepPlan);
    rseUsed.push(stepRse);
  }
  const sparsity = table.sampling && planSparsity(plan, methods.map(parseMethod), table.sampling);
  return { methods, plan, saving, sparsity, rseUsed, milliseconds: performance.now() - started };
}

/** c·δ/n, the bound on one head. */
export function headLimit({ delta, headConstraint }: Budget, heads: number): number {
  return headConstraint === null ? Number.POSITIVE_INFINITY : (headConstraint * delta) / heads;
}

/** Throws CalibrationError for a δ or c that bounds nothing sensible. */
export function requireBudget({ delta, headConstraint }: Budget): void {
  if (!(Number.isFinite(delta) && delta >= 0)) {
    throw new CalibrationError(`delta: expected a finite number of at least 0, found ${delta}`);
  }
  if (headConstraint !== null && !(Number.isFinite(headConstraint) && headConstraint >= 0)) {
    throw new CalibrationError(`headConstraint: expected a number of at least 0 or null, found ${headConstraint}`);
  }
}

/** Summed in head order. */
export function chosenSaving(choices: Uint8Array, savings: Float64Array): number {
  let sum = 0;
  for (const method of choices) sum += savings[method]!;
  return sum;
}

function withFull(table: RseTable): { methods: readonly string[]; rse: Float32Array } {
  if (table.methods.includes('full')) return table;
  const { steps, layers, heads, methods, rse } = table;
  const padded = new Float32Array(steps * layers.length * (methods.length + 1) * heads);
  const width = methods.length * heads;
  for (let row = 0; row < steps * layers.length; row++) {
    padded.set(rse.subarray(row * width, (row + 1) * width), row * (width + heads) + heads);
  }
  return { methods: ['full', ...methods], rse: padded };
}
