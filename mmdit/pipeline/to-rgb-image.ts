import type { RgbImage } from './pipeline.ts';

/**
 * [3, height, width] in about [−1, 1] → 8 bits, as diffusers' VaeImageProcessor and `numpy_to_pil` do it: halved and
 * clamped to [0, 1], times 255, rounded half to even, all in float32.
 */
export function toRgbImage(planes: Float32Array, height: number, width: number): RgbImage {
  const count = width * height;
  const pixels = new Uint8Array(3 * count);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < count; i++) pixels[i * 3 + channel] = toByte(planes[channel * count + i]!);
  }
  return { width, height, pixels };
}

function toByte(value: number): number {
  const unit = Math.min(Math.max(Math.fround(Math.fround(value * 0.5) + 0.5), 0), 1);
  const scaled = Math.fround(unit * 255);
  const below = Math.floor(scaled);
  const isHalf = scaled - below === 0.5;
  return isHalf ? below + (below % 2) : Math.round(scaled);
}
