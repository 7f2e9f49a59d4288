/** How one attention module lays out its sequence: FLUX puts text first, SD3 image first. `text` may be 0. */
export interface TokenLayout {
  readonly text: number;
  readonly image: number;
  readonly order: TokenOrder;
}

export type TokenOrder = 'text-first' | 'image-first';

/** Arrow masks are made of whole blocks: `[BM query rows, BN keys]`, the grid starting at token 0. */
export type BlockSize = readonly [rows: number, keys: number];

export function tokenCount(layout: TokenLayout): number {
  return layout.text + layout.image;
}
