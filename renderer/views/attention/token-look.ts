import type { AttentionMapReply } from '../../../electron/contract.ts';

/** Where one row of a map looks. */
export interface TokenLook {
  /** Mean probability per image token, raster order. */
  readonly image: Float32Array;
  /** Summed probability of all text tokens, and of all image tokens. */
  readonly textMass: number;
  readonly imageMass: number;
}

/** First image token of a joint sequence. */
export function imageBegin({ layout }: Pick<AttentionMapReply, 'layout'>): number {
  return layout.order === 'text-first' ? layout.text : 0;
}

/** A cell that lies across the border of text and image counts for both by its tokens. */
export function tokenLook(map: AttentionMapReply, row: number): TokenLook {
  const { layout, cell, size, values } = map;
  const begin = imageBegin(map);
  const tokens = layout.text + layout.image;
  const image = new Float32Array(layout.image);
  let [textMass, imageMass] = [0, 0];
  for (let token = 0; token < tokens; token++) {
    const value = values[row * size + Math.floor(token / cell)]!;
    const inImage = token - begin;
    if (inImage >= 0 && inImage < layout.image) {
      image[inImage] = value;
      imageMass += value;
    } else textMass += value;
  }
  return { image, textMass, imageMass };
}

/** What the middle token of a map's row is: a place of the picture, or the nth token of the text. */
export type RowPlace =
  | { readonly kind: 'image'; readonly row: number; readonly column: number }
  | { readonly kind: 'text'; readonly token: number };

export function rowPlace(map: AttentionMapReply, row: number): RowPlace {
  const { layout, cell, tokenGrid } = map;
  const token = Math.min(layout.text + layout.image - 1, row * cell + Math.floor(cell / 2));
  const inImage = token - imageBegin(map);
  if (inImage >= 0 && inImage < layout.image) {
    return { kind: 'image', row: Math.floor(inImage / tokenGrid.columns), column: inImage % tokenGrid.columns };
  }
  return { kind: 'text', token: layout.order === 'text-first' ? token : token - layout.image };
}

/** The map's row of an image token. */
export function rowOfImageToken(map: AttentionMapReply, row: number, column: number): number {
  return Math.floor((imageBegin(map) + row * map.tokenGrid.columns + column) / map.cell);
}
