import type { RowSolver } from './row-solver.ts';

/**
 * Exact choice of one method for all heads of one step and layer: the largest saving with Σ RSE ≤ delta and every RSE ≤
 * limit, under the rules of LayerSolver. Ties: larger saving, then smaller Σ RSE, then the earlier method.
 */
export class LayerwiseSolver implements RowSolver {
  rse = 0;
  readonly #heads: number;
  readonly #full: number;
  #savings: ArrayLike<number> = [];

  /** `full` is the index of full attention among the methods. */
  constructor(heads: number, full: number) {
    this.#heads = heads;
    this.#full = full;
  }

  setSavings(savings: ArrayLike<number>): void {
    this.#savings = savings;
  }

  solve(
    table: Float32Array | Float64Array,
    offset: number,
    delta: number,
    limit: number,
    plan: Uint8Array,
    at: number,
  ): void {
    const highest = Math.min(limit, delta, Number.MAX_VALUE);
    let [best, bestSaving, bestRse] = [this.#full, 0, 0];
    for (let method = 0; method < this.#savings.length; method++) {
      const saving = this.#savings[method]!;
      if (method === this.#full || saving < bestSaving) continue;
      const rse = this.#summed(table, offset + method * this.#heads, highest);
      if (!(rse <= delta)) continue;
      if (saving === bestSaving && !(rse < bestRse || (rse === bestRse && method < best))) continue;
      [best, bestSaving, bestRse] = [method, saving, rse];
    }
    plan.fill(best, at, at + this.#heads);
    this.rse = bestRse;
  }

  /** In head order; NaN where any head is not allowed the method. */
  #summed(table: Float32Array | Float64Array, offset: number, highest: number): number {
    let sum = 0;
    for (let head = 0; head < this.#heads; head++) {
      const rse = table[offset + head]!;
      // Written so that NaN fails.
      if (!(rse >= 0 && rse <= highest)) return Number.NaN;
      sum += rse;
    }
    return sum;
  }
}
