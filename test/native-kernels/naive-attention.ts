import type { KernelTokenLayout } from '../../native-kernels/index.ts';
import { isKept } from './naive-mask.ts';

export interface NaiveCase {
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
  readonly batch: number;
  readonly heads: number;
  readonly dim: number;
  readonly layout: KernelTokenLayout;
  readonly block: readonly [number, number];
  readonly tokenStride?: number;
}

/** Softmax probabilities of one head in float64, [tokens][tokens]; null half-window: full attention. */
export function naiveProbabilities(
  args: Omit<NaiveCase, 'v'>,
  batchIndex: number,
  head: number,
  halfWindow: number | null,
): Float64Array[] {
  const { q, k, heads, dim, layout } = args;
  const tokens = layout.text + layout.image;
  const stride = args.tokenStride ?? heads * dim;
  const at = (token: number) => (batchIndex * tokens + token) * stride + head * dim;
  return Array.from({ length: tokens }, (_, i) => {
    const row = new Float64Array(tokens).fill(Number.NEGATIVE_INFINITY);
    for (let j = 0; j < tokens; j++) {
      if (halfWindow !== null && !isKept(layout, halfWindow, args.block, i, j)) continue;
      let score = 0;
      for (let d = 0; d < dim; d++) score += q[at(i) + d]! * k[at(j) + d]!;
      row[j] = score / Math.sqrt(dim);
    }
    const largest = row.reduce((a, b) => Math.max(a, b));
    const weights = row.map((score) => Math.exp(score - largest));
    const sum = weights.reduce((a, b) => a + b);
    return weights.map((weight) => weight / sum);
  });
}

/** Attention in float64 as DESIGN words it, [batch, tokens, heads, dim]. Per head: a half-window, or null for full attention. */
export function naiveAttention(args: NaiveCase, halfWindows: readonly (number | null)[]): Float64Array {
  const { v, batch, heads, dim, layout } = args;
  const tokens = layout.text + layout.image;
  const stride = args.tokenStride ?? heads * dim;
  const out = new Float64Array(batch * tokens * heads * dim);
  for (let b = 0; b < batch; b++) {
    for (const [h, halfWindow] of halfWindows.entries()) {
      for (const [i, row] of naiveProbabilities(args, b, h, halfWindow).entries()) {
        const to = ((b * tokens + i) * heads + h) * dim;
        for (const [j, weight] of row.entries()) {
          if (weight === 0) continue;
          const from = (b * tokens + j) * stride + h * dim;
          for (let d = 0; d < dim; d++) out[to + d]! += weight * v[from + d]!;
        }
      }
    }
  }
  return out;
}

/** ‖actual − expected‖ / ‖expected‖; NaN in either gives NaN, which no bound accepts. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let error = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i++) {
    error += (actual[i]! - expected[i]!) ** 2;
    size += expected[i]! ** 2;
  }
  return error === 0 ? 0 : Math.sqrt(error / size);
}
