import type { VaeConfig } from './vae-config.ts';

const FLOAT_BYTES = 4;
/** Tensors of the widest activation's size that live at once: a residual stream, its norm, its activation. Measured: 3.0. */
const WIDEST_AT_ONCE = 3.1;

/** Bytes that decoding latents of h × w needs at its widest, beside the weights. */
export function decodeBytes({ blockChannels }: Pick<VaeConfig, 'blockChannels'>, h: number, w: number): number {
  const blocks = [...blockChannels].reverse();
  // A block's input has the channels of the block before it, at this block's resolution.
  const widest = blocks.map((channels, index) => Math.max(channels, blocks[index - 1] ?? channels) * 4 ** index);
  return WIDEST_AT_ONCE * Math.max(...widest) * h * w * FLOAT_BYTES;
}
