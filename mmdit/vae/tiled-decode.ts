/** How a picture is cut into tiles: as AutoencoderKL.enable_tiling does with `tile_overlap_factor` 0.25. */
export interface Tiling {
  /** A tile's side, in latents; at least 4. */
  readonly tile: number;
  /** From one tile's beginning to the next one's, in latents. */
  readonly stride: number;
}

const OVERLAP = 0.25;
const LEAST_TILE = 4;
const COLOURS = 3;

export interface DecodedTile {
  /** [3, height, width]. */
  readonly pixels: Float32Array;
  readonly height: number;
  readonly width: number;
}

export interface TilesToDecode {
  /** [channels, h, w]. */
  readonly latents: Float32Array;
  readonly channels: number;
  readonly h: number;
  readonly w: number;
  /** Pixels per latent, on each side. */
  readonly scale: number;
  readonly tiling: Tiling;
  /** [channels, h, w] of one tile → [3, scale·h, scale·w]. */
  readonly decode: (latents: Float32Array, h: number, w: number) => Promise<Float32Array>;
  /** Before each tile: it is number `tile` of `tiles`. */
  readonly onTile?: (tile: number, tiles: number) => void;
}

/** Tiles as large as the pictures that the VAE was trained on. */
export function tilingOf(sampleSize: number, scale: number): Tiling {
  const tile = Math.max(LEAST_TILE, Math.floor(sampleSize / scale));
  return { tile, stride: Math.floor(tile * (1 - OVERLAP)) };
}

/** Whether a picture has more than one tile. */
export function isTiled({ tile }: Tiling, h: number, w: number): boolean {
  return h > tile || w > tile;
}

/**
 * Decodes overlapping tiles and blends each into the one above and the one to the left, linearly over the overlap.
 * Returns [3, scale·h, scale·w]. diffusers, AutoencoderKL.tiled_decode.
 */
export async function decodeTiles(request: TilesToDecode): Promise<Float32Array> {
  const { h, w, scale, tiling, onTile } = request;
  const [rows, columns] = [starts(h, tiling.stride), starts(w, tiling.stride)];
  const picture = { pixels: new Float32Array(COLOURS * scale * h * scale * w), height: scale * h, width: scale * w };
  const overlap = (tiling.tile - tiling.stride) * scale;
  let above: readonly DecodedTile[] = [];
  for (const [row, top] of rows.entries()) {
    const current: DecodedTile[] = [];
    for (const [column, left] of columns.entries()) {
      onTile?.(row * columns.length + column + 1, rows.length * columns.length);
      const tile = await decodeTile(request, top, left);
      if (row > 0) blendDown(above[column]!, tile, overlap);
      if (column > 0) blendRight(current[column - 1]!, tile, overlap);
      paste(tile, picture, top * scale, left * scale);
      current.push(tile);
    }
    above = current;
  }
  return picture.pixels;
}

function starts(length: number, stride: number): readonly number[] {
  return Array.from({ length: Math.ceil(length / stride) }, (_, index) => index * stride);
}

async function decodeTile(request: TilesToDecode, top: number, left: number): Promise<DecodedTile> {
  const { latents, channels, h, w, scale, tiling, decode } = request;
  const [rows, columns] = [Math.min(tiling.tile, h - top), Math.min(tiling.tile, w - left)];
  const part = new Float32Array(channels * rows * columns);
  for (let channel = 0; channel < channels; channel++) {
    for (let row = 0; row < rows; row++) {
      const from = (channel * h + top + row) * w + left;
      part.set(latents.subarray(from, from + columns), (channel * rows + row) * columns);
    }
  }
  return { pixels: await decode(part, rows, columns), height: rows * scale, width: columns * scale };
}

/** The last rows of `above` fade into the first of `tile`, in place. */
function blendDown(above: DecodedTile, tile: DecodedTile, overlap: number): void {
  const extent = Math.min(above.height, tile.height, overlap);
  const { width } = tile;
  for (let colour = 0; colour < COLOURS; colour++) {
    for (let y = 0; y < extent; y++) {
      const from = (colour * above.height + above.height - extent + y) * width;
      const to = (colour * tile.height + y) * width;
      const share = y / extent;
      for (let x = 0; x < width; x++)
        tile.pixels[to + x] = above.pixels[from + x]! * (1 - share) + tile.pixels[to + x]! * share;
    }
  }
}

/** The last columns of `left` fade into the first of `tile`, in place. */
function blendRight(left: DecodedTile, tile: DecodedTile, overlap: number): void {
  const extent = Math.min(left.width, tile.width, overlap);
  for (let row = 0; row < COLOURS * tile.height; row++) {
    const from = row * left.width + left.width - extent;
    const to = row * tile.width;
    for (let x = 0; x < extent; x++) {
      const share = x / extent;
      tile.pixels[to + x] = left.pixels[from + x]! * (1 - share) + tile.pixels[to + x]! * share;
    }
  }
}

/** What the next tiles overlap is pasted too, and then painted over by them. */
function paste(tile: DecodedTile, picture: DecodedTile, top: number, left: number): void {
  for (let colour = 0; colour < COLOURS; colour++) {
    for (let y = 0; y < tile.height; y++) {
      const from = (colour * tile.height + y) * tile.width;
      const to = (colour * picture.height + top + y) * picture.width + left;
      picture.pixels.set(tile.pixels.subarray(from, from + tile.width), to);
    }
  }
}
