/** FLUX sees latents in patches of 2×2: token = patch, channels = (latent channel, row, column) of the patch. */
const PATCH = 2;

/** [channels, h, w] → [h/2 · w/2, 4·channels], tokens in raster order. diffusers, FluxPipeline._pack_latents. */
export function packLatents(latents: Float32Array, channels: number, h: number, w: number): Float32Array {
  const packed = new Float32Array(latents.length);
  forEachValue(channels, h, w, (plain, inPacked) => {
    packed[inPacked] = latents[plain]!;
  });
  return packed;
}

/** The way back. */
export function unpackLatents(packed: Float32Array, channels: number, h: number, w: number): Float32Array {
  const latents = new Float32Array(packed.length);
  forEachValue(channels, h, w, (plain, inPacked) => {
    latents[plain] = packed[inPacked]!;
  });
  return latents;
}

/** Positions of the image tokens as FLUX numbers them, [rows · columns, 3]: (0, row, column). */
export function imageTokenIds(rows: number, columns: number): Float32Array {
  const ids = new Float32Array(rows * columns * 3);
  for (let token = 0; token < rows * columns; token++) {
    ids[token * 3 + 1] = Math.floor(token / columns);
    ids[token * 3 + 2] = token % columns;
  }
  return ids;
}

function forEachValue(channels: number, h: number, w: number, visit: (plain: number, packed: number) => void): void {
  const columns = w / PATCH;
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const token = Math.floor(y / PATCH) * columns + Math.floor(x / PATCH);
        const inPatch = (channel * PATCH + (y % PATCH)) * PATCH + (x % PATCH);
        visit((channel * h + y) * w + x, token * channels * PATCH * PATCH + inPatch);
      }
    }
  }
}
