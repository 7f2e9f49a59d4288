import { tokenCount } from '../attention/token-layout.ts';
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
