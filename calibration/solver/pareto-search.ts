import type { LayerOptions } from './layer-options.ts';

/** More partial plans than this and the search gives up with SolverLimitError, rather than eat the memory. */
const MAX_NODES = 1 << 23;
const FIRST_NODES = 1 << 12;
/** Bounds are computed in another order than the sums that they bound; this covers the rounding, and prunes less. */
const TOLERANCE = 1e-11;
/** In place of a saving: this lane of a merge has no node left. */
const EXHAUSTED = -1;

/** The plan space of one layer was too large for an exact answer. */
export class SolverLimitError extends Error {
  override readonly name = 'SolverLimitError';
}

/**
 * Exact search over the plans whose saving is at most `gap` below the Lagrangian bound. Heads are added in their own
 * order, so that every sum is the plain float64 sum in head order; adding is monotone even where it rounds, hence a
 * partial plan that is no better in saving and no better in RSE than another never becomes better, and is dropped.
 * What is left after each head is a Pareto front, sorted by saving and RSE, both falling strictly.
 */
export class ParetoSearch {
  /** Methods of the best plan found, by head. */
  readonly plan: Uint8Array;
  saving = 0;
  rse = 0;
  readonly #options: LayerOptions;
  /** Options of each head within reach of the gap: positions in the option arrays, `[heads][width]`. */
  readonly #reachable: Int32Array;
  readonly #reachableCount: Int32Array;
  /** Of the heads from this one on, over reachable options. */
  readonly #leastRse: Float64Array;
  readonly #mostRse: Float64Array;
  /** Of the heads from this one on, each at its best option: a completion that shows what a partial plan can reach. */
  readonly #bestSaving: Float64Array;
  readonly #bestRse: Float64Array;
  /** How far below the bound a plan may be and still matter; falls as better plans come into sight. */
  #allowed = 0;
  /** Nodes of all fronts, one front after the other: saving and RSE of the partial plan, its parent and last option. */
  #savings = new Float64Array(FIRST_NODES);
  #rse = new Float64Array(FIRST_NODES);
  #parents = new Int32Array(FIRST_NODES);
  #choices = new Int32Array(FIRST_NODES);
  /** Of a merge: the next node of each lane, and its sums with the lane's option added. */
  readonly #cursors: Int32Array;
  readonly #laneSavings: Float64Array;
  readonly #laneRse: Float64Array;

  constructor(options: LayerOptions) {
    this.#options = options;
    this.plan = new Uint8Array(options.heads);
    this.#reachable = new Int32Array(options.heads * options.width);
    this.#reachableCount = new Int32Array(options.heads);
    this.#leastRse = new Float64Array(options.heads + 1);
    this.#mostRse = new Float64Array(options.heads + 1);
    this.#bestSaving = new Float64Array(options.heads + 1);
    this.#bestRse = new Float64Array(options.heads + 1);
    this.#cursors = new Int32Array(options.width);
    this.#laneSavings = new Float64Array(options.width);
    this.#laneRse = new Float64Array(options.width);
  }

  /**
   * Finds the best plan with Σ RSE ≤ budget and saving ≥ bound − gap; false if there is none. `slope` is any multiplier
   * λ ≥ 0, `best[h]` the largest saving − λ·RSE of head h, `bound` = Σ best + λ·budget.
   */
  run(budget: number, slope: number, best: Float64Array, bound: number, gap: number): boolean {
    const { heads, rse, savings } = this.#options;
    const slack = TOLERANCE * Math.abs(bound);
    this.#allowed = gap + slack;
    this.#selectReachable(slope, best, this.#allowed);
    const ceiling = budget * (1 + TOLERANCE);
    let begin = 0;
    let end = 1;
    this.#savings[0] = 0;
    this.#rse[0] = 0;
    this.#parents[0] = -1;
    this.#choices[0] = -1;
    let prefixBest = 0;
    for (let head = 0; head < heads; head++) {
      prefixBest += best[head]!;
      if (this.#reachableCount[head] === 1) {
        const only = this.#reachable[head * this.#options.width]!;
        for (let node = begin; node < end; node++) {
          this.#savings[node]! += savings[only]!;
          this.#rse[node]! += rse[only]!;
        }
        continue;
      }
      const next = this.#merge(head, begin, end, slope, prefixBest, bound + slack, budget, ceiling);
      begin = end;
      end = next;
      if (begin === end) return false;
    }
    return this.#takeBest(begin, end, budget);
  }

  #selectReachable(slope: number, best: Float64Array, allowed: number): void {
    const { heads, width, counts, savings, rse } = this.#options;
    this.#leastRse[heads] = 0;
    this.#mostRse[heads] = 0;
    for (let head = heads - 1; head >= 0; head--) {
      const begin = head * width;
      const end = begin + counts[head]!;
      let count = 0;
      let bestOption = begin;
      for (let option = begin; option < end; option++) {
        const lost = best[head]! - (savings[option]! - slope * rse[option]!);
        if (lost > allowed) continue;
        if (lost === 0) bestOption = option;
        this.#reachable[begin + count] = option;
        count += 1;
      }
      this.#reachableCount[head] = count;
      this.#bestSaving[head] = this.#bestSaving[head + 1]! + savings[bestOption]!;
      this.#bestRse[head] = this.#bestRse[head + 1]! + rse[bestOption]!;
      this.#mostRse[head] = this.#mostRse[head + 1]! + rse[this.#reachable[begin]!]!;
      this.#leastRse[head] = this.#leastRse[head + 1]! + rse[this.#reachable[begin + count - 1]!]!;
    }
  }

  /** The front after `head`: a merge of the front before it, shifted by each option. Returns the end of the new front. */
  #merge(
    head: number,
    begin: number,
    end: number,
    slope: number,
    prefixBest: number,
    reach: number,
    budget: number,
    ceiling: number,
  ): number {
    const reachable = this.#reachable;
    const first = head * this.#options.width;
    const count = this.#reachableCount[head]!;
    const cursors = this.#cursors;
    const laneSavings = this.#laneSavings;
    const laneRse = this.#laneRse;
    const rseLimit = ceiling - this.#leastRse[head + 1]!;
    const mostAfter = this.#mostRse[head + 1]!;
    const savingAfter = this.#bestSaving[head + 1]!;
    // Below the budget by more than rounding can be.
    const bestAfterLimit = budget * (1 - TOLERANCE) - this.#bestRse[head + 1]!;
    let allowed = this.#allowed;
    this.#reserve(end + (end - begin) * count);
    const nodeSavings = this.#savings;
    const nodeRse = this.#rse;
    for (let lane = 0; lane < count; lane++) {
      cursors[lane] = begin;
      laneSavings[lane] = nodeSavings[begin]! + this.#options.savings[reachable[first + lane]!]!;
      laneRse[lane] = nodeRse[begin]! + this.#options.rse[reachable[first + lane]!]!;
    }
    let size = end;
    let leastRse = Number.POSITIVE_INFINITY;
    for (;;) {
      let lane = 0;
      let bestSaving = laneSavings[0]!;
      let bestRse = laneRse[0]!;
      for (let other = 1; other < count; other++) {
        const saving = laneSavings[other]!;
        if (saving < bestSaving) continue;
        const error = laneRse[other]!;
        if (saving === bestSaving && (error > bestRse || (error === bestRse && !this.#isEarlier(first, other, lane)))) {
          continue;
        }
        lane = other;
        bestSaving = saving;
        bestRse = error;
      }
      if (bestSaving === EXHAUSTED) {
        this.#allowed = allowed;
        return size;
      }
      const parent = cursors[lane]!;
      const option = reachable[first + lane]!;
      const next = parent + 1;
      cursors[lane] = next;
      if (next < end) {
        laneSavings[lane] = nodeSavings[next]! + this.#options.savings[option]!;
        laneRse[lane] = nodeRse[next]! + this.#options.rse[option]!;
      } else {
        laneSavings[lane] = EXHAUSTED;
        laneRse[lane] = Number.POSITIVE_INFINITY;
      }
      if (bestRse >= leastRse || bestRse > rseLimit) continue;
      const unused = budget - bestRse - mostAfter;
      const lost = prefixBest - (bestSaving - slope * bestRse) + (unused > 0 ? slope * unused : 0);
      if (lost > allowed) continue;
      if (bestRse <= bestAfterLimit) allowed = Math.min(allowed, reach - bestSaving - savingAfter);
      leastRse = bestRse;
      nodeSavings[size] = bestSaving;
      nodeRse[size] = bestRse;
      this.#parents[size] = parent;
      this.#choices[size] = option;
      size += 1;
    }
  }

  /** Of the partial plans at two lanes' cursors, whether the first comes first, comparing method indices head by head. */
  #isEarlier(first: number, lane: number, otherLane: number): boolean {
    const { methods } = this.#options;
    let earlier = methods[this.#reachable[first + lane]!]! < methods[this.#reachable[first + otherLane]!]!;
    let a = this.#cursors[lane]!;
    let b = this.#cursors[otherLane]!;
    while (a !== b) {
      if (this.#choices[a] !== this.#choices[b]) {
        earlier = methods[this.#choices[a]!]! < methods[this.#choices[b]!]!;
      }
      a = this.#parents[a]!;
      b = this.#parents[b]!;
    }
    return earlier;
  }

  #takeBest(begin: number, end: number, budget: number): boolean {
    let node = begin;
    while (node < end && !(this.#rse[node]! <= budget)) node += 1;
    if (node === end) return false;
    this.saving = this.#savings[node]!;
    // A later node of the same saving exists only where a fixed head's RSE swallowed a difference; it is no better.
    this.rse = this.#rse[node]!;
    const { heads, width, methods } = this.#options;
    let at = node;
    for (let head = heads - 1; head >= 0; head--) {
      if (this.#reachableCount[head] === 1) {
        this.plan[head] = methods[this.#reachable[head * width]!]!;
      } else {
        this.plan[head] = methods[this.#choices[at]!]!;
        at = this.#parents[at]!;
      }
    }
    return true;
  }

  #reserve(nodes: number): void {
    if (nodes <= this.#savings.length) return;
    if (nodes > MAX_NODES) {
      throw new SolverLimitError(
        `A layer of ${this.#options.heads} heads has more than ${MAX_NODES} partial plans that could still be best. ` +
          'Offer fewer candidates, or round the savings so that more of them are equal',
      );
    }
    const length = Math.min(MAX_NODES, Math.max(nodes, this.#savings.length * 2));
    this.#savings = grown(this.#savings, new Float64Array(length));
    this.#rse = grown(this.#rse, new Float64Array(length));
    this.#parents = grown(this.#parents, new Int32Array(length));
    this.#choices = grown(this.#choices, new Int32Array(length));
  }
}

function grown<T extends Float64Array | Int32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
