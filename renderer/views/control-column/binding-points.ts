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

/** `[layers][methods]`: what a head saves, by what counts it now. */
export type SavingsOfTable = readonly (readonly number[])[];

/**
 * Candidates of a layer as indices into the methods, most saving first; those that save equally stand together, since the
 * solver takes the smallest RSE of them. Whatever saves nothing is never chosen.
 */
export function bySaving(
  methods: readonly string[],
  candidates: readonly string[],
  savings: readonly number[],
): readonly (readonly number[])[] {
  const offered = [...methods.keys()].filter((index) => candidates.includes(methods[index]!) && savings[index]! > 0);
  const amounts = [...new Set(offered.map((index) => savings[index]!))].sort((a, b) => b - a);
  return amounts.map((amount) => offered.filter((index) => savings[index] === amount));
}

/** Passes once over the table: call it when the table, the candidates or the savings change, not per slider move. */
export function rseExtent(table: RseOfTable, candidates: readonly string[], savings: SavingsOfTable): RseExtent {
  const { steps, layers, methods, heads } = table;
  const offered = savings.map((perMethod) => bySaving(methods, candidates, perMethod));
  let smallest = Number.POSITIVE_INFINITY;
  let largest = 0;
  let largestSum = 0;
  for (let row = 0; row < steps * layers.length; row += 1) {
    let sum = 0;
    for (let head = 0; head < heads; head += 1) {
      let best: number | null = null;
      for (const equal of offered[row % layers.length]!) {
        const least = leastRse(table, row, equal, head);
        smallest = Math.min(smallest, least);
        if (least < Number.POSITIVE_INFINITY) best ??= least;
      }
      sum += best ?? 0;
      largest = Math.max(largest, best ?? 0);
    }
    largestSum = Math.max(largestSum, sum);
  }
  return { smallest, largest, largestSum };
}

/** Infinity where none of the methods is possible: nothing is larger than NaN. */
function leastRse({ rse, methods, heads }: RseOfTable, row: number, among: readonly number[], head: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (const index of among) {
    const error = rse[(row * methods.length + index) * heads + head]!;
    if (error < least) least = error;
  }
  return least;
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
