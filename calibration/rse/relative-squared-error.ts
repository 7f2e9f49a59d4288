/** Sums over batch, tokens and head channels: RSE = squaredError / (sumOfSquares − sum²/count). */
export interface CandidateErrors {
  readonly count: number;
  /** Of full attention, per head. */
  readonly sum: Float64Array;
  readonly sumOfSquares: Float64Array;
  /** Σ (y_m − y_full)² per candidate, then per head. */
  readonly squaredErrors: readonly Float64Array[];
}

/**
 * RSE of every head under every candidate of one layer: `Σ (y_m − y_full)² / Σ (y_full − mean(y_full))²`
 * (DiTFastAttnV2 §3.3, against y_full as in the published code). Written to `into` as `[candidates][heads]`, float32.
 *
 * A head whose full output is constant has no variance: an exact copy of it has RSE 0, anything else Infinity, which
 * no budget admits. NaN or infinite sums stay NaN: not allowed either.
 */
export function relativeSquaredErrors(
  { count, sum, sumOfSquares, squaredErrors }: CandidateErrors,
  into: Float32Array,
): void {
  const heads = sum.length;
  for (const [row, errors] of squaredErrors.entries()) {
    for (let head = 0; head < heads; head++) {
      const variance = varianceSum(sum[head]!, sumOfSquares[head]!, count);
      into[row * heads + head] = relativeSquaredError(errors[head]!, variance);
    }
  }
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
