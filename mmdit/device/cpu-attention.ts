import { CACHED_HEAD, FULL_HEAD } from '../../native-kernels/index.ts';
import { type HeadMethod, halfWindow } from '../attention/method.ts';
import { type TokenLayout, tokenCount } from '../attention/token-layout.ts';
import { contiguous } from './cpu-tensor.ts';
import type { AttentionInput } from './device.ts';
import { ShapeError } from './shape-error.ts';

/** The kernels' arguments for q, k, v [B, N, H, D]. Throws ShapeError where they do not fit the token layout. */
export function attentionInput(op: string, call: AttentionInput) {
  const q = contiguous(op, 'q', call.q);
  const [batch = 0, tokens, heads = 0, dim = 0] = q.shape;
  if (q.shape.length !== 4 || tokens !== tokenCount(call.layout))
    throw new ShapeError(op, 'q', `of shape [B, ${tokenCount(call.layout)}, H, D]`, q.shape);
  const k = contiguous(op, 'k', call.k, q.shape).floats;
  const v = contiguous(op, 'v', call.v, q.shape).floats;
  return { batch, heads, dim, layout: call.layout, block: call.block, q: q.floats, k, v };
}

/** What each head does, as the kernels want it. Throws ShapeError where there is not one method per head. */
export function headWindows(methods: readonly HeadMethod[], heads: number, layout: TokenLayout): Int32Array {
  if (methods.length !== heads)
    throw new ShapeError('headwiseAttention', 'methods', `one per head (${heads})`, `${methods.length}`);
  return Int32Array.from(methods, (method) => {
    if (method.kind === 'full') return FULL_HEAD;
    if (method.kind === 'cached') return CACHED_HEAD;
    return halfWindow(method.fraction, layout.image);
  });
}

export function candidateWindows(fractions: readonly number[], layout: TokenLayout): Int32Array {
  return Int32Array.from(fractions, (fraction) => halfWindow(fraction, layout.image));
}
