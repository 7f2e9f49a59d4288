import type { BindingPoints, RseOfTable, SavingsOfTable } from './binding-points.ts';
import { bySaving } from './binding-points.ts';

/** RSE of one method for all heads of a layer at a step. */
interface LayerError {
  readonly sum: number;
  /** Of its worst head. */
  readonly largest: number;
}

/** What the bounds of a table depend on where the heads of a layer share a method. */
export interface LayerExtent {
  /** Of every candidate, wherever it is possible for all heads. */
  readonly possible: readonly LayerError[];
  /** Of those that save most, of every step and layer where any is possible: the solver takes one of them. */
  readonly best: readonly (readonly LayerError[])[];
}

/** Passes once over the table, as rseExtent. */
export function layerExtent(table: RseOfTable, candidates: readonly string[], savings: SavingsOfTable): LayerExtent {
  const { steps, layers, methods, heads, rse } = table;
  const offered = savings.map((perMethod) => bySaving(methods, candidates, perMethod));
  const possible: LayerError[] = [];
  const best: (readonly LayerError[])[] = [];
  for (let row = 0; row < steps * layers.length; row += 1) {
    const errorsOf = (equal: readonly number[]) =>
      equal
        .map((method) => (row * methods.length + method) * heads)
        .map((begin) => layerError(rse.subarray(begin, begin + heads)))
        .filter(({ sum }) => Number.isFinite(sum));
    const errors = offered[row % layers.length]!.map(errorsOf).filter(({ length }) => length > 0);
    possible.push(...errors.flat());
    best.push(...errors.slice(0, 1));
  }
  return { possible, best };
}

/** bindingPoints where the heads of a layer share a method. */
export function layerBindingPoints(extent: LayerExtent, headConstraint: number | null, heads: number): BindingPoints {
  const perHead = headConstraint === null ? 0 : heads / headConstraint;
  const needed = ({ sum, largest }: LayerError) => Math.max(sum, largest * perHead || 0);
  const least = (errors: readonly LayerError[]) =>
    errors.reduce((smallest, error) => Math.min(smallest, needed(error)), Number.POSITIVE_INFINITY);
  return {
    nothingBelow: least(extent.possible),
    everythingFrom: extent.best.reduce((most, errors) => Math.max(most, least(errors)), 0),
  };
}

function layerError(rse: Float32Array): LayerError {
  let sum = 0;
  let largest = 0;
  for (const value of rse) {
    sum += value;
    if (value > largest) largest = value;
  }
  return { sum, largest };
}
