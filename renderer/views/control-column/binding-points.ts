import type { Calibration } from '../../../electron/contract.ts';

/** What the bounds of a table depend on: over all steps, layers and heads, with these candidates. */
export interface RseExtent {
  /** The smallest RSE that any candidate has anywhere; Infinity where none is possible. */
  readonly smallest: number;
  /** The largest RSE of a head under the method that saves most for it. */
  readonly largest: number;
  /** The largest sum over a layer's heads, each under the method that saves most for it. */
  readonly largestSum: number;
}

export type RseOfTable = Pick<Calibration, 'steps' | 'layers' | 'methods' | 'heads' | 'rse'>;

/** Of cached and arrows: how much they save, which is the same order on every device: cached costs nothing. */
function savingRank(method: string): number {
  return method === 'cached' ? Number.POSITIVE_INFINITY : Number(method.split('/')[1] ?? 0);
}

/** Candidates as indices into the methods, most saving first. */
export function bySaving(methods: readonly string[], candidates: readonly string[]): readonly number[] {
  return [...methods.keys()]
    .filter((index) => methods[index] !== 'full' && candidates.includes(methods[index]!))
    .toSorted((a, b) => savingRank(methods[b]!) - savingRank(methods[a]!));
}

/** Passes once over the table: call it when the table or the candidates change, not per slider move. */
export function rseExtent(
  { steps, layers, methods, heads, rse }: RseOfTable,
  candidates: readonly string[],
): RseExtent {
  const offered = bySaving(methods, candidates);
  let smallest = Number.POSITIVE_INFINITY;
  let largest = 0;
  let largestSum = 0;
  for (let row = 0; row < steps * layers.length; row += 1) {
    let sum = 0;
    for (let head = 0; head < heads; head += 1) {
      let best: number | null = null;
      for (const index of offered) {
        const value = rse[(row * methods.length + index) * heads + head]!;
        if (!Number.isFinite(value)) continue;
        best ??= value;
        if (value < smallest) smallest = value;
      }
      if (best === null) continue;
      sum += best;
      if (best > largest) largest = best;
    }
    if (sum > largestSum) largestSum = sum;
  }
  return { smallest, largest, largestSum };
}

export interface BindingPoints {
  /** Below it every head stays full. */
  readonly nothingBelow: number;
  /** From here on every head has the method that saves most: a larger δ changes nothing. */
  readonly everythingFrom: number;
}

/** Where δ begins and stops to bind under the head constraint c (null: none), by the bounds Σ RSE ≤ δ and RSE ≤ c·δ/n. */
export function bindingPoints(extent: RseExtent, headConstraint: number | null, heads: number): BindingPoints {
  const perHead = headConstraint === null ? 0 : heads / headConstraint;
  return {
    // `|| 0`: 0 · Infinity is NaN, where c is 0.
    nothingBelow: extent.smallest * Math.max(1, perHead) || 0,
    everythingFrom: Math.max(extent.largestSum, extent.largest * perHead || 0),
  };
}

/** What a head constraint amounts to among n heads. */
export type ConstraintEffect = 'none' | 'greedy' | 'shared' | 'slack';

export function constraintEffect(headConstraint: number | null, heads: number): ConstraintEffect {
  if (headConstraint === null) return 'none';
  // No n heads of at most c·δ/n each can use more than δ: the layer's sum never binds.
  if (headConstraint <= 1) return 'greedy';
  return headConstraint >= heads ? 'slack' : 'shared';
}
