import { parseMethod } from '../../mmdit/attention/method.ts';
import { layerSavings, type Savings } from '../cost/savings.ts';
import { planSparsity } from '../cost/sparsity.ts';
import type { RseTable } from '../rse/rse-table.ts';
import { type PlanBounds, requireBudget, solvePlan } from './solve-plan.ts';

export interface SolveSettings extends PlanBounds {
  /** Default: attention FLOPs from the table's own sampling settings. */
  readonly savings?: Savings;
}

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
  const solved = solvePlan({ steps, layers: layers.length, heads, methods, rse, savings }, settings);
  const plan = nestedPlan(solved.plan, layers.length, heads);
  const rseUsed = nest(solved.rseUsed, layers.length);
  const sparsity = table.sampling && planSparsity(plan, methods.map(parseMethod), table.sampling);
  return { methods, plan, saving: solved.saving, sparsity, rseUsed, milliseconds: performance.now() - started };
}

/** `[steps, layers, heads]` as `[step][layer][head]`, the form of files and of the runtime. */
export function nestedPlan(
  plan: Uint8Array,
  layers: number,
  heads: number,
): readonly (readonly (readonly number[])[])[] {
  return nest(nest(plan, heads), layers);
}

function nest<T>(values: ArrayLike<T>, width: number): readonly (readonly T[])[] {
  const flat = Array.from(values);
  return Array.from({ length: flat.length / width }, (_, row) => flat.slice(row * width, (row + 1) * width));
}

/** Methods and RSE with `full` put first where the table lacks it. */
export function withFull(table: RseTable): { methods: readonly string[]; rse: Float32Array } {
  if (table.methods.includes('full')) return table;
  const { steps, layers, heads, methods, rse } = table;
  const padded = new Float32Array(steps * layers.length * (methods.length + 1) * heads);
  const width = methods.length * heads;
  for (let row = 0; row < steps * layers.length; row++) {
    padded.set(rse.subarray(row * width, (row + 1) * width), row * (width + heads) + heads);
  }
  return { methods: ['full', ...methods], rse: padded };
}
