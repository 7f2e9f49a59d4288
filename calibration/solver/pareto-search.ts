import type { LayerOptions } from './layer-options.ts';
import { ParetoFronts, type Relaxation, TOLERANCE } from './pareto-fronts.ts';

/** How many nodes (24 bytes each) fronts may take. */
export interface FrontLimits {
  /** A front over all heads that needs more is replaced by two over half of them. */
  readonly whole: number;
  /** Where even halves need more, the search gives up with SolverLimitError, rather than eat the memory. */
  readonly half: number;
}

export const FRONT_LIMITS: FrontLimits = { whole: 1 << 18, half: 1 << 23 };

/** The plan space of one layer was too large for an exact answer. */
export class SolverLimitError extends Error {
  override readonly name = 'SolverLimitError';
}

/**
 * Exact search over the plans that save at most `gap` less than the relaxation's bound.
 *
 * Normally one Pareto front grows over all heads: every sum is then the plain float64 sum in head order, and since adding
 * is monotone even where it rounds, dropping dominated partial plans loses nothing, to the last bit. For the rare layer
 * whose front would explode (many heads, RSE nearly proportional to the savings), fronts of both halves of the heads are
 * built and joined (Horowitz & Sahni 1974); the answer's RSE is then checked as the plain sum too.
 */
export class ParetoSearch {
  /** Methods of the best plan found, by head. */
  readonly plan: Uint8Array;
  /** Summed RSE of it. */
  rse = 0;
  readonly #options: LayerOptions;
  readonly #fronts: ParetoFronts;
  readonly #trial: Uint8Array;
  readonly #limits: FrontLimits;

  constructor(options: LayerOptions, limits: FrontLimits) {
    this.#limits = limits;
    this.#options = options;
    this.#fronts = new ParetoFronts(options);
    this.plan = new Uint8Array(options.heads);
    this.#trial = new Uint8Array(options.heads);
  }

  /** Finds the best plan with Σ RSE ≤ budget and saving ≥ bound − gap; false if there is none. */
  run(relaxation: Relaxation, gap: number): boolean {
    const fronts = this.#fronts;
    const { heads } = this.#options;
    fronts.start(relaxation, gap);
    if (!fronts.build(0, heads, 0, this.#limits.whole)) {
      fronts.start(relaxation, gap);
      return this.#runHalves(relaxation.budget);
    }
    let node = fronts.begin;
    while (node < fronts.end && !(fronts.rse[node]! <= relaxation.budget)) node += 1;
    if (node === fronts.end) return false;
    this.rse = fronts.rse[node]!;
    fronts.trace(node, 0, heads, this.plan);
    return true;
  }

  #runHalves(budget: number): boolean {
    const fronts = this.#fronts;
    const { heads } = this.#options;
    const middle = heads >> 1;
    if (!fronts.build(0, middle, 0, this.#limits.half)) throw this.#tooLarge();
    const { begin: firstBegin, end: firstEnd } = fronts;
    if (!fronts.build(middle, heads, firstEnd, firstEnd + this.#limits.half)) throw this.#tooLarge();
    const { begin, end, savings, rse } = fronts;
    let bestSaving = -1;
    let partner = end;
    // Down the first front its RSE falls, so that partners of ever larger saving and RSE fit beside it.
    for (let node = firstBegin; node < firstEnd; node++) {
      while (partner > begin && rse[node]! + rse[partner - 1]! <= budget * (1 + TOLERANCE)) partner -= 1;
      for (let other = partner; other < end && savings[node]! + savings[other]! >= bestSaving; other++) {
        if (this.#takeIfBest(node, other, bestSaving, budget)) bestSaving = savings[node]! + savings[other]!;
        // What follows saves less; it matters only where this one missed the budget by a rounding.
        if (rse[node]! + rse[other]! <= budget * (1 - TOLERANCE)) break;
      }
    }
    return bestSaving >= 0;
  }

  /** Takes the plan of two halves if it fits the budget and beats the best so far. */
  #takeIfBest(node: number, other: number, bestSaving: number, budget: number): boolean {
    const { heads } = this.#options;
    const fronts = this.#fronts;
    const trial = this.#trial;
    fronts.trace(node, 0, heads >> 1, trial);
    fronts.trace(other, heads >> 1, heads, trial);
    const rse = this.#plainSum(trial);
    if (!(rse <= budget)) return false;
    const saving = fronts.savings[node]! + fronts.savings[other]!;
    const isBetter =
      saving > bestSaving || rse < this.rse || (rse === this.rse && Buffer.compare(trial, this.plan) < 0);
    if (!isBetter) return false;
    this.rse = rse;
    this.plan.set(trial);
    return true;
  }

  /** Σ RSE of a plan in head order. */
  #plainSum(plan: Uint8Array): number {
    const { heads, width, counts, methods, rse } = this.#options;
    let sum = 0;
    for (let head = 0; head < heads; head++) {
      const begin = head * width;
      for (let option = begin; option < begin + counts[head]!; option++) {
        if (methods[option] === plan[head]) sum += rse[option]!;
      }
    }
    return sum;
  }

  #tooLarge(): SolverLimitError {
    return new SolverLimitError(
      `A layer of ${this.#options.heads} heads has more than ${this.#limits.half} partial plans that could still be best. ` +
        'Offer fewer candidates, or round the savings so that more of them are equal',
    );
  }
}
