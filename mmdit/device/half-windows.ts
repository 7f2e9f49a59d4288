import { CACHED_HEAD, FULL_HEAD } from '../../native-kernels/index.ts';
import { type HeadMethod, halfWindow } from '../attention/method.ts';
import type { TokenLayout } from '../attention/token-layout.ts';
import { ShapeError } from './shape-error.ts';

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
