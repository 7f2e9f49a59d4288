import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { compareImages } from '../../../calibration/metrics/compare-images.ts';
import { ImageComparisonError } from '../../../calibration/metrics/image-error.ts';
import type { RgbImage } from '../../../mmdit/pipeline/pipeline.ts';
import { goldenImage as image } from './golden-image.ts';

interface GoldenValues {
  readonly skimage_ssim_default_uint8_data_range255: number;
  readonly psnr: number;
}

const GOLDEN = 'test/golden/metrics';
const values: Record<string, GoldenValues> = JSON.parse(await readFile(`${GOLDEN}/values.json`, 'utf8'));

function flat(width: number, height: number, value: number): RgbImage {
  return { width, height, pixels: new Uint8Array(width * height * 3).fill(value) };
}

describe('compareImages', () => {
  it.each(Object.keys(values))('has the SSIM and PSNR of scikit-image: %s', async (name) => {
    const result = compareImages(await image('a'), await image(name));
    expect(Math.abs(result.ssim - values[name]!.skimage_ssim_default_uint8_data_range255)).toBeLessThan(1e-6);
    expect(Math.abs(result.psnr - values[name]!.psnr)).toBeLessThan(1e-6);
    expect(result).toMatchObject({ identical: false, width: 256, height: 192 });
  });

  it('finds equal pictures identical', async () => {
    const result = compareImages(await image('a'), await image('a'));
    expect(result.ssim).toBeCloseTo(1, 12);
    expect(result).toMatchObject({ identical: true, psnr: Number.POSITIVE_INFINITY, mse: 0 });
  });

  it('has the value of the formula where pictures are flat', () => {
    const c1 = (0.01 * 255) ** 2;
    const expected = (2 * 100 * 120 + c1) / (100 ** 2 + 120 ** 2 + c1);
    const result = compareImages(flat(9, 7, 100), flat(9, 7, 120));
    expect(result.ssim).toBeCloseTo(expected, 12);
    expect(result.mse).toBe(400);
  });

  it('measures a picture of exactly one window', () => {
    const noisy = flat(7, 7, 0);
    for (let at = 0; at < noisy.pixels.length; at++) noisy.pixels[at] = (at * 37) % 251;
    expect(compareImages(noisy, flat(7, 7, 125)).ssim).toBeCloseTo(directSsim(noisy, flat(7, 7, 125)), 10);
  });

  it('refuses pictures of two sizes, too small for the window, or of a wrong byte count', () => {
    expect(() => compareImages(flat(8, 8, 0), flat(8, 9, 0))).toThrow(/8×8 and 8×9/);
    expect(() => compareImages(flat(6, 40, 0), flat(6, 40, 0))).toThrow(/6×40.*7×7/);
    const short = { width: 8, height: 8, pixels: new Uint8Array(8 * 8 * 4) };
    expect(() => compareImages(short, flat(8, 8, 0))).toThrow(ImageComparisonError);
  });
});

/** SSIM of 7×7 pictures written out from its definition. */
function directSsim(a: RgbImage, b: RgbImage): number {
  let total = 0;
  for (let channel = 0; channel < 3; channel++) {
    const x = Array.from({ length: 49 }, (_, pixel) => a.pixels[pixel * 3 + channel]!);
    const y = Array.from({ length: 49 }, (_, pixel) => b.pixels[pixel * 3 + channel]!);
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / 49;
    const [mx, my] = [mean(x), mean(y)];
    const covariance = (u: readonly number[], mu: number, v: readonly number[], mv: number): number =>
      u.reduce((sum, value, at) => sum + (value - mu) * (v[at]! - mv), 0) / 48;
    const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
    total +=
      ((2 * mx * my + c1) * (2 * covariance(x, mx, y, my) + c2)) /
      ((mx * mx + my * my + c1) * (covariance(x, mx, x, mx) + covariance(y, my, y, my) + c2));
  }
  return total / 3;
}
