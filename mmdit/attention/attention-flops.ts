import { keptPairs } from '../../native-kernels/index.ts';
import { type HeadMethod, halfWindow } from './method.ts';
import { type BlockSize, type TokenLayout, tokenCount } from './token-layout.ts';

/** Per (query, key) pair and channel: a multiply and an add for q·kᵀ, and the same for the probabilities · v. */
const FLOPS_PER_PAIR_AND_CHANNEL = 4;

/** Floating-point operations of one head on one sample under a method, counted over the blocks that its mask keeps. */
export function attentionFlops(method: HeadMethod, layout: TokenLayout, block: BlockSize, headDim: number): number {
  return FLOPS_PER_PAIR_AND_CHANNEL * headDim * attentionPairs(method, layout, block);
}

function attentionPairs(method: HeadMethod, layout: TokenLayout, block: BlockSize): number {
  switch (method.kind) {
    case 'full':
      return tokenCount(layout) ** 2;
    case 'cached':
      return 0;
    case 'arrow':
      return keptPairs(layout, halfWindow(method.fraction, layout.image), block);
  }
}
