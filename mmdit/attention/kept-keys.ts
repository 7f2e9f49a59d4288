import { keptKeyRanges } from '../../native-kernels/index.ts';
import { attentionPairs } from './attention-flops.ts';
import { halfWindow } from './method.ts';
import { type BlockSize, type TokenLayout, tokenCount } from './token-layout.ts';

/**
 * What the arrow of window 1/fraction keeps, as the kernels run it: for every block of query rows the [begin, end) token
 * ranges of its keys, one or two, sorted and not touching.
 */
export function keptKeysPerRowBlock(layout: TokenLayout, fraction: number, block: BlockSize): [number, number][][] {
  const ranges = keptKeyRanges(layout, halfWindow(fraction, layout.image), block);
  return Array.from({ length: ranges.length / 4 }, (_, row) => {
    const [begin = 0, end = 0, secondBegin = 0, secondEnd = 0] = ranges.subarray(row * 4, row * 4 + 4);
    const first: [number, number] = [begin, end];
    return secondEnd > secondBegin ? [first, [secondBegin, secondEnd]] : [first];
  });
}

/** 1 − pairs that the arrow keeps ÷ all pairs. */
export function arrowSparsity(layout: TokenLayout, fraction: number, block: BlockSize): number {
  return 1 - attentionPairs(layout, block, { kind: 'arrow', fraction }) / tokenCount(layout) ** 2;
}
