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

/**
 * How much methods save, in an order that holds on every device: cached costs nothing, sharing between the halves of
 * guidance half, a residual nothing more than its arrow.
 */
function savingRank(method: string): number {
  if (method === 'cached') return 1;
  const window = 1 / Number(/arrow\/(\d+)/.exec(method)?.[1] ?? 1);
  return 1 - window * (method.startsWith('cfg') ? 0.5 : 1);
}

interface RankedMethod {
  /** Among the methods. */
  readonly index: number;
  /** Equal for methods that save the same. */
  readonly rank: number;
}

/** Candidates, most saving first. */
export function bySaving(methods: readonly string[], candidates: readonly string[]): readonly RankedMethod[] {
  return [...methods.keys()]
    .filter((index) => methods[index] !== 'full' && candidates.includes(methods[index]!))
    .map((index) => ({ index, rank: savingRank(methods[index]!) }))
    .toSorted((a, b) => b.rank - a.rank);
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
      const possible = offered
        .map(({ index, rank }) => ({ rank, value: rse[(row * methods.length + index) * heads + head]! }))
        .filter(({ value }) => Number.isFinite(value));
      const saving = possible.filter(({ rank }) => rank === possible[0]!.rank);
      if (saving.length === 0) continue;
      const best = leastOf(saving);
      smallest = Math.min(smallest, leastOf(possible));
      largest = Math.max(largest, best);
      sum += best;
    }
    if (sum > largestSum) largestSum = sum;
  }
  return { smallest, largest, largestSum };
}

function leastOf(errors: readonly { readonly value: number }[]): number {
  return errors.reduce((least, { value }) => Math.min(least, value), Number.POSITIVE_INFINITY);
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
