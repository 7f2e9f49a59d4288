import type { BlockSize } from '../attention/token-layout.ts';

/** The device has no attention kernel for this block of the arrow mask. */
export class UnsupportedBlockError extends Error {
  override readonly name = 'UnsupportedBlockError';
  readonly block: BlockSize;

  constructor(device: string, block: BlockSize, headDim: number, supported: string) {
    super(
      `${device} cannot run attention blocks of ${block.join('×')} at head dim ${headDim}; it runs ${supported}. Calibrate anew on this device, or run the scheme where it was made`,
    );
    this.block = block;
  }
}
