import type { RgbImage } from '../../mmdit/index.ts';

/** |a − b| per channel times `amplification`, cut at white. Throws RangeError for pictures of two sizes. */
export function differenceImage(a: RgbImage, b: RgbImage, amplification: number): RgbImage {
  if (a.width !== b.width || a.height !== b.height) {
    throw new RangeError(`Pictures of ${a.width}×${a.height} and ${b.width}×${b.height} have no difference`);
  }
  const pixels = new Uint8Array(a.pixels.length);
  for (let index = 0; index < pixels.length; index++) {
    pixels[index] = Math.min(255, Math.abs(a.pixels[index]! - b.pixels[index]!) * amplification);
  }
  return { width: a.width, height: a.height, pixels };
}
