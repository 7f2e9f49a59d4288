import { describe, expect, it } from 'vitest';
import { toRgbImage } from '../../../mmdit/pipeline/to-rgb-image.ts';

describe('toRgbImage', () => {
  it('interleaves planes, clamps, and maps [−1, 1] to bytes', () => {
    const planes = Float32Array.of(-1, 1, -5, 5, 0, 0.2);
    expect(toRgbImage(planes, 1, 2)).toEqual({ width: 2, height: 1, pixels: Uint8Array.of(0, 0, 128, 255, 255, 153) });
  });

  it('rounds halves to even, as numpy does', () => {
    // 0.5 · x + 0.5 = n / 510 for odd n puts 255 times it on a half.
    const halves = [1, 3, 5].map((n) => (2 * n) / 510 - 1);
    const pixels = toRgbImage(Float32Array.from([...halves, 0, 0, 0, 0, 0, 0]), 1, 3).pixels;
    const exact = halves.map((x) => Math.fround(Math.fround(Math.fround(Math.fround(x) * 0.5) + 0.5) * 255));
    expect([pixels[0], pixels[3], pixels[6]]).toEqual(exact.map(roundHalfToEven));
    expect(toRgbImage(Float32Array.of(0, 0, 0), 1, 1).pixels[0]).toBe(128); // 127.5
  });
});

function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
