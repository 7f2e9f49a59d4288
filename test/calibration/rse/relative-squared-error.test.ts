import { describe, expect, it } from 'vitest';
import { type CandidateErrors, relativeSquaredErrors } from '../../../calibration/rse/relative-squared-error.ts';

function rse(sums: Omit<CandidateErrors, 'count'> & { readonly count?: number }): number[] {
  const into = new Float32Array(sums.squaredErrors.length * sums.sum.length).fill(-1);
  relativeSquaredErrors({ count: 4, ...sums }, into);
  return Array.from(into);
}

const of = (...values: number[]): Float64Array => Float64Array.from(values);

describe('relativeSquaredErrors', () => {
  it('divides by the squared distance from the mean, candidate by candidate, head by head', () => {
    // Heads [1, 3, 5, 7] (variance sum 20) and [0, 0, 0, 4] (12).
    const squaredErrors = [of(5, 3), of(10, 12), of(1, 6)];
    expect(rse({ sum: of(16, 4), sumOfSquares: of(84, 16), squaredErrors })).toEqual([
      0.25,
      0.25,
      0.5,
      1,
      Math.fround(0.05),
      0.5,
    ]);
  });

  it('calls an exact copy of a constant head perfect, and anything else impossible', () => {
    expect(rse({ sum: of(8, 8), sumOfSquares: of(16, 16), squaredErrors: [of(0, 1e-9)] })).toEqual([
      0,
      Number.POSITIVE_INFINITY,
    ]);
  });

  it('takes what rounding leaves of a constant head for no variance', () => {
    const value = 1.1;
    const count = 1000;
    let sumOfSquares = 0;
    let sum = 0;
    for (let n = 0; n < count; n++) {
      sum += value;
      sumOfSquares += value * value;
    }
    const sums = { count, sum: of(sum), sumOfSquares: of(sumOfSquares), squaredErrors: [of(1)] };
    expect(sumOfSquares - (sum * sum) / count).not.toBe(0);
    expect(rse(sums)).toEqual([Number.POSITIVE_INFINITY]);
  });

  it('leaves NaN where a method was not possible or a value was no number', () => {
    expect(rse({ sum: of(16), sumOfSquares: of(84), squaredErrors: [of(Number.NaN)] })).toEqual([Number.NaN]);
    expect(rse({ sum: of(16), sumOfSquares: of(Number.POSITIVE_INFINITY), squaredErrors: [of(0)] })).toEqual([
      Number.NaN,
    ]);
  });
});
