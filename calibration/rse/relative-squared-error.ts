import type { AttentionErrorSums } from '../../mmdit/device/device.ts';

/**
 * RSE of every head under every candidate of one layer: `Σ (y_m − y_full)² / Σ (y_full − mean(y_full))²`
 * (DiTFastAttnV2 §3.3, against y_full as in the published code). Written to `into` as `[methods][heads]`, float32,
 * in the order `arrow` fractions, then `cached` if `withCached`. Cached without a previous output is NaN: not possible.
 *
 * A head whose full output is constant has no variance: an exact copy of it has RSE 0, anything else Infinity, which
 * no budget admits. NaN or infinite sums stay NaN: not allowed either.
 */
export function relativeSquaredErrors(sums: AttentionErrorSums, withCached: boolean, into: Float32Array): void {
  const heads = sums.sum.length;
  const rows = withCached ? [...sums.arrow, sums.cached] : sums.arrow;
  rows.forEach((squaredErrors, row) => {
    for (let head = 0; head < heads; head++) {
      into[row * heads + head] =
        squaredErrors === null
          ? Number.NaN
          : relativeSquaredError(
              squaredErrors[head]!,
              varianceSum(sums.sum[head]!, sums.sumOfSquares[head]!, sums.count),
            );
    }
  });
}

function relativeSquaredError(squaredError: number, variance: number): number {
  if (Number.isNaN(squaredError) || Number.isNaN(variance)) return Number.NaN;
  if (squaredError === 0) return 0;
  return variance > 0 ? squaredError / variance : Number.POSITIVE_INFINITY;
}

/** What summing leaves of exact cancellation, relative to the sum of squares. */
const ROUNDING = 2 ** -40;

/** Σ (y − mean)² from plain sums; what float64 leaves of a constant head is rounding, so that it counts as 0. */
function varianceSum(sum: number, sumOfSquares: number, count: number): number {
  const variance = sumOfSquares - (sum * sum) / count;
  if (!Number.isFinite(variance)) return Number.NaN;
  return variance > sumOfSquares * ROUNDING ? variance : 0;
}
