export interface TokenGrid {
  readonly columns: number;
  readonly rows: number;
}

interface SampledTokens {
  readonly width: number;
  readonly height: number;
  readonly imageTokens: number;
}

/** Rows and columns of the picture's tokens, which are square patches in raster order. */
export function tokenGridOf({ width, height, imageTokens }: SampledTokens): TokenGrid {
  const side = Math.sqrt((width * height) / imageTokens);
  return { columns: Math.round(width / side), rows: Math.round(height / side) };
}
