import { CACHED_HEAD, FULL_HEAD } from '../../native-kernels/index.ts';
import { type HeadMethod, halfWindow, residualFraction, sharesGuidance } from '../attention/method.ts';
import type { TokenLayout } from '../attention/token-layout.ts';
import type { HeadwiseAttentionCall, Tensor } from './device.ts';
import { ShapeError } from './shape-error.ts';

const OP = 'headwiseAttention';
const NO_ADDEND = -1;

/** What each head does, as the kernels want it. */
export interface HeadPlan {
  readonly halfWindows: Int32Array;
  /** null where no head shares. */
  readonly sharesGuidance: Uint8Array | null;
  readonly addends: readonly Tensor[];
  /** Per head an index into `addends` or −1; null where nothing is combined. */
  readonly addendOf: Int32Array | null;
  readonly subtract: boolean;
}

/** Throws ShapeError where methods and tensors do not fit the call. */
export function headPlan(call: HeadwiseAttentionCall, batch: number, heads: number): HeadPlan {
  const { methods, layout } = call;
  if (methods.length !== heads) throw new ShapeError(OP, 'methods', `one per head (${heads})`, `${methods.length}`);
  const shares = methods.some(sharesGuidance);
  if (shares && batch % 2 !== 0)
    throw new ShapeError(OP, 'q', 'of a batch in two halves, for heads that share guidance', `a batch of ${batch}`);
  return {
    halfWindows: Int32Array.from(methods, (method) => windowOf(method, layout)),
    sharesGuidance: shares ? Uint8Array.from(methods, (method) => (sharesGuidance(method) ? 1 : 0)) : null,
    ...(call.subtractFrom ? subtracted(call.subtractFrom, heads) : added(call)),
  };
}

export function candidateWindows(fractions: readonly number[], layout: TokenLayout): Int32Array {
  return Int32Array.from(fractions, (fraction) => halfWindow(fraction, layout.image));
}

function windowOf(method: HeadMethod, layout: TokenLayout): number {
  if (method.kind === 'full') return FULL_HEAD;
  if (method.kind === 'cached') return CACHED_HEAD;
  return halfWindow(method.fraction, layout.image);
}

function subtracted(from: Tensor, heads: number) {
  return { addends: [from], addendOf: new Int32Array(heads), subtract: true };
}

function added({ methods, residuals }: HeadwiseAttentionCall) {
  const addends: Tensor[] = [];
  const addendOf = Int32Array.from(methods, (method) => {
    const fraction = residualFraction(method);
    if (fraction === null) return NO_ADDEND;
    const residual = residuals?.get(fraction);
    if (!residual) throw new ShapeError(OP, 'residuals', `one for arrow/${fraction}`, 'none');
    if (!addends.includes(residual)) addends.push(residual);
    return addends.indexOf(residual);
  });
  return { addends, addendOf: addends.length > 0 ? addendOf : null, subtract: false };
}
