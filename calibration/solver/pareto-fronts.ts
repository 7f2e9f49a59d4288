import type { LayerOptions } from './layer-options.ts';

const FIRST_NODES = 1 << 12;
/** Bounds are computed in another order than the sums that they bound; this covers the rounding, and prunes less. */
export const TOLERANCE = 1e-11;
/** In place of a saving: this lane of a merge has no node left. */
const EXHAUSTED = -1;

/** The relaxation that bounds a layer's plans from above: any slope λ ≥ 0 gives a valid one. */
export interface Relaxation {
  readonly budget: number;
  readonly slope: number;
  /** Per head, the largest saving − λ·RSE of its options. */
  readonly best: Float64Array;
  /** Σ best + λ·budget: no plan saves more. */
  readonly bound: number;
}

/**
 * Pareto fronts of partial plans over a range of heads: no plan of a front is as good as another in both saving and RSE.
 * Sorted by both, falling strictly. A front grows head by head, in head order; a partial plan is dropped once its
 * distance from the relaxation's bound, to which every head adds something non-negative, exceeds `allowed`, or once it
 * cannot meet the budget.
 */
export class ParetoFronts {
  /** Nodes of all fronts, one front after the other: saving and RSE of the partial plan, its parent and last option. */
  savings = new Float64Array(FIRST_NODES);
  rse = new Float64Array(FIRST_NODES);
  /** The front that was built last. */
  begin = 0;
  end = 0;
  readonly #options: LayerOptions;
  #parents = new Int32Array(FIRST_NODES);
  #choices = new Int32Array(FIRST_NODES);
  /** Options of each head within reach of the gap: positions in the option arrays, `[heads][width]`. */
  readonly #reachable: Int32Array;
  readonly #reachableCount: Int32Array;
  /** Sums over the heads from this one on, over reachable options; the last is what the best options cost and save. */
  readonly #leastRse: Float64Array;
  readonly #mostRse: Float64Array;
  readonly #bestSaving: Float64Array;
  readonly #bestRse: Float64Array;
  #relaxation: Relaxation = { budget: 0, slope: 0, best: new Float64Array(), bound: 0 };
  /** How far below the bound a plan may be and still matter; falls as better plans come into sight. */
  #allowed = 0;
  /** Of a merge: the next node of each lane, and its sums with the lane's option added. */
  readonly #cursors: Int32Array;
  readonly #laneSavings: Float64Array;
  readonly #laneRse: Float64Array;

  constructor(options: LayerOptions) {
    const { heads, width } = options;
    this.#options = options;
    this.#reachable = new Int32Array(heads * width);
    this.#reachableCount = new Int32Array(heads);
    this.#leastRse = new Float64Array(heads + 1);
    this.#mostRse = new Float64Array(heads + 1);
    this.#bestSaving = new Float64Array(heads + 1);
    this.#bestRse = new Float64Array(heads + 1);
    this.#cursors = new Int32Array(width);
    this.#laneSavings = new Float64Array(width);
    this.#laneRse = new Float64Array(width);
  }

  /** Starts over with the plans that save at least bound − gap. */
  start(relaxation: Relaxation, gap: number): void {
    this.#relaxation = relaxation;
    this.#allowed = gap + TOLERANCE * Math.abs(relaxation.bound);
    const { best, slope } = relaxation;
    const { heads, width, counts, savings, rse } = this.#options;
    for (let head = heads - 1; head >= 0; head--) {
      const begin = head * width;
      const end = begin + counts[head]!;
      let count = 0;
      let bestOption = begin;
      for (let option = begin; option < end; option++) {
        const lost = best[head]! - (savings[option]! - slope * rse[option]!);
        if (lost > this.#allowed) continue;
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

  /**
   * Builds the front of heads [from, to) in `begin`..`end`, its nodes after `root`. False where it would take more than
   * `limit` nodes. An empty front is one of no nodes.
   */
  build(from: number, to: number, root: number, limit: number): boolean {
    const { width, savings, rse } = this.#options;
    this.#reserve(root + 1);
    this.begin = root;
    this.end = root + 1;
    this.savings[root] = 0;
    this.rse[root] = 0;
    let rangeBest = 0;
    for (let head = from; head < to; head++) {
      rangeBest += this.#relaxation.best[head]!;
      this.#narrow(head);
      if (this.#reachableCount[head] === 1) {
        const only = this.#reachable[head * width]!;
        for (let node = this.begin; node < this.end; node++) {
          this.savings[node]! += savings[only]!;
          this.rse[node]! += rse[only]!;
        }
        continue;
      }
      const nodes = this.end + (this.end - this.begin) * this.#reachableCount[head]!;
      if (nodes > limit) return false;
      this.#reserve(nodes);
      const next = this.#merge(head, from, rangeBest);
      this.begin = this.end;
      this.end = next;
    }
    return true;
  }

  /** Takes out of reach what has come to be: the gap has narrowed since the start. */
  #narrow(head: number): void {
    const { width, savings, rse } = this.#options;
    const { best, slope } = this.#relaxation;
    const begin = head * width;
    const found = this.#reachableCount[head]!;
    let count = 0;
    for (let place = begin; place < begin + found; place++) {
      const option = this.#reachable[place]!;
      if (best[head]! - (savings[option]! - slope * rse[option]!) > this.#allowed) continue;
      this.#reachable[begin + count] = option;
      count += 1;
    }
    this.#reachableCount[head] = count;
  }

  /** Writes the methods of heads [from, to) of a node of the front that `build(from, to)` made. */
  trace(node: number, from: number, to: number, plan: Uint8Array): void {
    const { width, methods } = this.#options;
    let at = node;
    for (let head = to - 1; head >= from; head--) {
      if (this.#reachableCount[head] === 1) {
        plan[head] = methods[this.#reachable[head * width]!]!;
      } else {
        plan[head] = methods[this.#choices[at]!]!;
        at = this.#parents[at]!;
      }
    }
  }

  /** The front after `head`: a merge of the front before it, shifted by each option. Returns the end of the new front. */
  #merge(head: number, from: number, rangeBest: number): number {
    const { begin, end, savings: nodeSavings, rse: nodeRse } = this;
    const { savings: optionSavings, rse: optionErrors } = this.#options;
    const { budget, slope, bound } = this.#relaxation;
    const reachable = this.#reachable;
    const first = head * this.#options.width;
    const count = this.#reachableCount[head]!;
    const cursors = this.#cursors;
    const laneSavings = this.#laneSavings;
    const laneRse = this.#laneRse;
    // Heads outside the range so far: those before it and those after this one.
    const outside = (suffixSums: Float64Array): number => suffixSums[0]! - suffixSums[from]! + suffixSums[head + 1]!;
    const rseLimit = budget * (1 + TOLERANCE) - outside(this.#leastRse) * (1 - TOLERANCE);
    const mostOutside = outside(this.#mostRse);
    const bestSavingOutside = outside(this.#bestSaving);
    // Below the budget by more than rounding can be.
    const bestOutsideLimit = budget * (1 - TOLERANCE) - outside(this.#bestRse) * (1 + TOLERANCE);
    const reach = bound * (1 + TOLERANCE);
    let allowed = this.#allowed;
    let size = end;
    let leastRse = Number.POSITIVE_INFINITY;
    cursors.fill(begin - 1, 0, count);
    let started = 0;
    let lane = 0;
    for (;;) {
      // Move this lane on to its next plan that is within all bounds …
      const option = reachable[first + lane]!;
      const optionSaving = optionSavings[option]!;
      const optionRse = optionErrors[option]!;
      let node = cursors[lane]! + 1;
      for (; node < end; node++) {
        const error = nodeRse[node]! + optionRse;
        if (error >= leastRse || error > rseLimit) continue;
        const unused = budget - error - mostOutside;
        const saving = nodeSavings[node]! + optionSaving;
        if (rangeBest - (saving - slope * error) + (unused > 0 ? slope * unused : 0) > allowed) continue;
        laneSavings[lane] = saving;
        laneRse[lane] = error;
        break;
      }
      cursors[lane] = node;
      if (node === end) laneSavings[lane] = EXHAUSTED;
      started += 1;
      if (started < count) {
        lane = started;
        continue;
      }
      // … and take the best of all lanes' next plans.
      lane = this.#bestLane(first, count);
      const saving = laneSavings[lane]!;
      if (saving === EXHAUSTED) break;
      const error = laneRse[lane]!;
      if (error >= leastRse) continue;
      if (error <= bestOutsideLimit) allowed = Math.min(allowed, reach - saving - bestSavingOutside);
      leastRse = error;
      nodeSavings[size] = saving;
      nodeRse[size] = error;
      this.#parents[size] = cursors[lane]!;
      this.#choices[size] = reachable[first + lane]!;
      size += 1;
    }
    this.#allowed = allowed;
    return size;
  }

  #bestLane(first: number, count: number): number {
    const laneSavings = this.#laneSavings;
    let lane = 0;
    for (let other = 1; other < count; other++) {
      if (laneSavings[other]! > laneSavings[lane]!) lane = other;
      else if (laneSavings[other] === laneSavings[lane] && this.#winsTie(first, other, lane)) lane = other;
    }
    return lane;
  }

  /** Of the plans at two lanes' cursors, which save equally, whether the first has less RSE or else comes first. */
  #winsTie(first: number, lane: number, otherLane: number): boolean {
    if (this.#laneRse[lane]! !== this.#laneRse[otherLane]!) return this.#laneRse[lane]! < this.#laneRse[otherLane]!;
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

  #reserve(nodes: number): void {
    if (nodes <= this.savings.length) return;
    const length = Math.max(nodes, this.savings.length * 2);
    this.savings = grown(this.savings, new Float64Array(length));
    this.rse = grown(this.rse, new Float64Array(length));
    this.#parents = grown(this.#parents, new Int32Array(length));
    this.#choices = grown(this.#choices, new Int32Array(length));
  }
}

function grown<T extends Float64Array | Int32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
