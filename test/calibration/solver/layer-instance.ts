import { LayerSolver } from '../../../calibration/solver/layer-solver.ts';
import { FRONT_LIMITS } from '../../../calibration/solver/pareto-search.ts';

/** One step and layer for the solver. */
export interface LayerInstance {
  readonly heads: number;
  /** Per method. */
  readonly savings: readonly number[];
  /** Index of full attention. */
  readonly full: number;
  /** `[methods][heads]` */
  readonly rse: Float64Array;
  readonly delta: number;
  /** Bound on one head's RSE. */
  readonly limit: number;
}

export interface Answer {
  readonly plan: readonly number[];
  readonly saving: number;
  readonly rse: number;
}

export function solve(instance: LayerInstance, limits = FRONT_LIMITS): Answer {
  const { heads, savings, full, rse, delta, limit } = instance;
  const solver = new LayerSolver(heads, savings.length, full, limits);
  solver.setSavings(savings);
  const plan = new Uint8Array(heads);
  solver.solve(rse, 0, delta, limit, plan, 0);
  return { plan: Array.from(plan), saving: savingOf(instance, plan), rse: solver.rse };
}

/** Every plan there is, in the order of its indices; the first of the best wins. */
export function bruteForce(instance: LayerInstance): Answer {
  return bestOf(instance, everyPlan(instance))!;
}

function* everyPlan({ heads, savings }: LayerInstance): Generator<readonly number[]> {
  const count = savings.length ** heads;
  for (let number = 0; number < count; number++) {
    const plan: number[] = [];
    for (let rest = number, head = 0; head < heads; head++) {
      plan.unshift(rest % savings.length);
      rest = Math.floor(rest / savings.length);
    }
    yield plan;
  }
}

function bestOf(instance: LayerInstance, plans: Iterable<readonly number[]>): Answer | null {
  let best: Answer | null = null;
  for (const plan of plans) {
    const rse = rseOf(instance, plan);
    if (rse === null) continue;
    const saving = savingOf(instance, plan);
    if (!best || saving > best.saving || (saving === best.saving && rse < best.rse)) best = { plan, saving, rse };
  }
  return best;
}

/** Every plan of one method for all heads; the first of the best wins. */
export function bruteForceLayerwise(instance: LayerInstance): Answer {
  const plans = instance.savings.map((_, method) => new Array<number>(instance.heads).fill(method));
  return bestOf(instance, plans)!;
}

export function savingOf({ savings, full }: LayerInstance, plan: ArrayLike<number>): number {
  return Array.from(plan).reduce((sum, method) => sum + (method === full ? 0 : savings[method]!), 0);
}

/** Σ RSE in head order; null where the plan is not allowed. */
export function rseOf(instance: LayerInstance, plan: ArrayLike<number>): number | null {
  const { heads, rse, full, limit, delta } = instance;
  let sum = 0;
  for (let head = 0; head < heads; head++) {
    const method = plan[head]!;
    if (method === full) continue;
    const error = rse[method * heads + head]!;
    if (!(Number.isFinite(error) && error >= 0 && error <= limit)) return null;
    sum += error;
  }
  return sum <= delta ? sum : null;
}
