import { CriticalSlope } from './critical-slope.ts';
import { LayerOptions } from './layer-options.ts';
import { FRONT_LIMITS, ParetoSearch } from './pareto-search.ts';
import type { RowSolver } from './row-solver.ts';

/**
 * Exact choice of one method per head for one step and layer: the largest summed saving with Σ RSE ≤ delta and every
 * RSE ≤ limit (DiTFastAttnV2 §3.3, eq. 5; a multiple-choice knapsack). `full` has RSE 0 and saving 0 and is always
 * allowed; NaN, infinite and negative RSE never are.
 *
 * Σ RSE is the plain float64 sum in head order. Savings are rounded to some 46 bits of the largest one (24 heads), so
 * that their sums are exact and do not depend on the order. Ties: larger saving, then smaller Σ RSE, then the plan whose
 * method indices, head by head, come first. (Where rounding alone makes two sums equal, the one that was smaller before
 * rounding wins.)
 *
 * Method: the Lagrangian relaxation of the budget bounds every plan's saving; a plan's distance from the bound is a sum
 * of non-negative parts per head, so that all plans within a gap of it are few, and are enumerated as Pareto fronts.
 */
export class LayerSolver implements RowSolver {
  rse = 0;
  readonly #options: LayerOptions;
  readonly #critical: CriticalSlope;
  readonly #search: ParetoSearch;
  readonly #best: Float64Array;
  readonly #chosen: Int32Array;

  /** `full` is the index of full attention among the methods. */
  constructor(heads: number, methods: number, full: number, limits = FRONT_LIMITS) {
    this.#options = new LayerOptions(heads, methods, full);
    this.#critical = new CriticalSlope(this.#options);
    this.#search = new ParetoSearch(this.#options, limits);
    this.#best = new Float64Array(heads);
    this.#chosen = new Int32Array(heads);
  }

  setSavings(savings: ArrayLike<number>): void {
    this.#options.setSavings(exactlySummable(savings, this.#options.heads));
  }

  solve(
    table: Float32Array | Float64Array,
    offset: number,
    delta: number,
    limit: number,
    plan: Uint8Array,
    at: number,
  ): void {
    this.#options.load(table, offset, Math.min(limit, delta, Number.MAX_VALUE));
    if (this.#takeLargest(delta, plan, at)) return;
    const slope = this.#critical.find(this.#options, delta);
    const bound = this.#bound(slope, delta);
    let gap = bound - this.#greedySaving(slope, delta);
    // The greedy plan lies within this gap, unless its sum rounds to over the budget when taken in head order.
    const relaxation = { budget: delta, slope, best: this.#best, bound };
    while (!this.#search.run(relaxation, gap)) gap = 2 * gap + bound * Number.EPSILON;
    plan.set(this.#search.plan, at);
    this.rse = this.#search.rse;
  }

  /** Every head's largest saving, where the budget pays for all of them. */
  #takeLargest(delta: number, plan: Uint8Array, at: number): boolean {
    const { heads, width, rse, methods } = this.#options;
    let sum = 0;
    for (let head = 0; head < heads; head++) sum += rse[head * width]!;
    if (!(sum <= delta)) return false;
    for (let head = 0; head < heads; head++) plan[at + head] = methods[head * width]!;
    this.rse = sum;
    return true;
  }

  #bound(slope: number, delta: number): number {
    const { heads, width, counts, savings, rse } = this.#options;
    let bound = slope * delta;
    for (let head = 0; head < heads; head++) {
      const begin = head * width;
      const end = begin + counts[head]!;
      let best = Number.NEGATIVE_INFINITY;
      for (let option = begin; option < end; option++) {
        const value = savings[option]! - slope * rse[option]!;
        // At equal value the later option, of smaller RSE: the base of the greedy plan must fit the budget.
        if (value >= best) {
          best = value;
          this.#chosen[head] = option;
        }
      }
      this.#best[head] = best;
      bound += best;
    }
    return bound;
  }

  /** Saving of the relaxation's base plan after the exchanges of one head that still fit, most saving first. */
  #greedySaving(slope: number, delta: number): number {
    const { heads, width, savings, rse } = this.#options;
    const chosen = this.#chosen;
    let left = delta;
    let saving = 0;
    for (let head = 0; head < heads; head++) {
      left -= rse[chosen[head]!]!;
      saving += savings[chosen[head]!]!;
    }
    if (left < 0 || slope === 0) return 0;
    for (;;) {
      let bestGain = 0;
      let bestHead = -1;
      let bestOption = -1;
      for (let head = 0; head < heads; head++) {
        const now = chosen[head]!;
        for (let option = head * width; option < now; option++) {
          if (rse[option]! - rse[now]! > left) continue;
          const gain = savings[option]! - savings[now]!;
          if (gain > bestGain) {
            bestGain = gain;
            bestHead = head;
            bestOption = option;
          }
          break;
        }
      }
      if (bestHead < 0) return saving;
      left -= rse[bestOption]! - rse[chosen[bestHead]!]!;
      saving += bestGain;
      chosen[bestHead] = bestOption;
    }
  }
}

/** Scaled by a power of two to whole numbers below 2^52 / heads; plain whole numbers up to there stay as they are. */
function exactlySummable(savings: ArrayLike<number>, heads: number): Float64Array {
  const values = Float64Array.from(savings);
  const largest = values.reduce((most, value) => Math.max(most, value), 0);
  if (largest === 0) return values.map((value) => Math.min(value, 0));
  const bits = 52 - Math.ceil(Math.log2(heads + 1));
  const scale = 2 ** Math.min(1023, bits - 1 - Math.floor(Math.log2(largest)));
  return values.map((value) => Math.round(value * scale));
}
