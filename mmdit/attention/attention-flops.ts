import { keptPairs } from '../../native-kernels/index.ts';
import { type ArrowMethod, type HeadMethod, halfWindow, sharesGuidance } from './method.ts';
import { type BlockSize, type TokenLayout, tokenCount } from './token-layout.ts';

/** Two products (QKᵀ and PV) of a multiplication and an addition per pair and channel. */
const FLOPS_PER_PAIR_AND_CHANNEL = 4;

const memo = new Map<string, number>();
const MEMO_LIMIT = 4096;

/** FLOPs of one head's attention over the blocks that its method keeps. */
export function attentionFlops(
  layout: TokenLayout,
  block: BlockSize,
  method: HeadMethod,
  headDim: number,
  batch = 1,
): number {
  return FLOPS_PER_PAIR_AND_CHANNEL * headDim * batch * attentionPairs(layout, block, method);
}

/** (query, key) pairs per sample that one head computes: all, those of the kept blocks, half of either, or none. */
export function attentionPairs(layout: TokenLayout, block: BlockSize, method: HeadMethod): number {
  if (method.kind === 'cached') return 0;
  // Of the two samples that guidance needs, one is computed.
  const share = sharesGuidance(method) ? 0.5 : 1;
  return share * (method.kind === 'full' ? tokenCount(layout) ** 2 : arrowPairs(layout, block, method));
}

function arrowPairs(layout: TokenLayout, block: BlockSize, method: ArrowMethod): number {
  const window = halfWindow(method.fraction, layout.image);
  const key = `${layout.order} ${layout.text} ${layout.image} ${block.join(' ')} ${window}`;
  const known = memo.get(key);
  if (known !== undefined) return known;
  const pairs = keptPairs(layout, window, block);
  if (memo.size >= MEMO_LIMIT) memo.clear();
  memo.set(key, pairs);
  return pairs;
}
