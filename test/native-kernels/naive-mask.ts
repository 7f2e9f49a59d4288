import type { KernelTokenLayout } from '../../native-kernels/index.ts';

/**
 * Whether an arrow keeps the pair (query i, key j), token pair by token pair as DESIGN §3 words it: the whole block is kept
 * if it holds any text token on either side, or any pair with |i − j| ≤ w. Row blocks reach to their nominal end.
 */
export function isKept(
  layout: KernelTokenLayout,
  halfWindow: number,
  [rows, keys]: readonly [number, number],
  i: number,
  j: number,
): boolean {
  const tokens = layout.text + layout.image;
  const isText = (token: number) =>
    token < tokens && (layout.order === 'text-first' ? token < layout.text : token >= layout.image);
  const rowBegin = Math.floor(i / rows) * rows;
  const keyBegin = Math.floor(j / keys) * keys;
  for (let query = rowBegin; query < rowBegin + rows; query++) if (isText(query)) return true;
  for (let key = keyBegin; key < keyBegin + keys; key++) if (isText(key)) return true;
  for (let query = rowBegin; query < rowBegin + rows; query++)
    for (let key = keyBegin; key < keyBegin + keys; key++) if (Math.abs(query - key) <= halfWindow) return true;
  return false;
}
