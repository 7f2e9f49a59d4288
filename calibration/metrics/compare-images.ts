import type { RgbImage } from '../../mmdit/pipeline/pipeline.ts';
import { ImageComparisonError } from './image-error.ts';
import { structuralSimilarity, WINDOW } from './structural-similarity.ts';

const PEAK = 255;

export interface PixelComparison {
  readonly width: number;
  readonly height: number;
  /** Every byte equal. */
  readonly identical: boolean;
  /** scikit-image's default form on RGB: 7×7 uniform window, data range 255. */
  readonly ssim: number;
  /** dB at a peak of 255; Infinity for equal pictures. */
  readonly psnr: number;
  /** Mean squared error over all bytes. */
  readonly mse: number;
}

/** Throws ImageComparisonError for two sizes, sizes below 7×7 and pixel arrays that do not fit their size. */
export function compareImages(a: RgbImage, b: RgbImage): PixelComparison {
  requireComparable(a, b);
  const mse = meanSquaredError(a.pixels, b.pixels);
  return {
    width: a.width,
    height: a.height,
    identical: mse === 0,
    ssim: structuralSimilarity(a, b),
    psnr: mse === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(PEAK ** 2 / mse),
    mse,
  };
}

function meanSquaredError(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at]! - b[at]!) ** 2;
  return sum / a.length;
}

function requireComparable(a: RgbImage, b: RgbImage): void {
  for (const { width, height, pixels } of [a, b]) {
    if (pixels.length !== width * height * 3) {
      throw new ImageComparisonError(
        `A picture of ${width}×${height} needs ${width * height * 3} bytes of RGB, found ${pixels.length}`,
      );
    }
  }
  if (a.width !== b.width || a.height !== b.height) {
    throw new ImageComparisonError(
      `The pictures differ in size: ${a.width}×${a.height} and ${b.width}×${b.height}. Compare pictures of one size`,
    );
  }
  if (Math.min(a.width, a.height) < WINDOW) {
    throw new ImageComparisonError(
      `The pictures are ${a.width}×${a.height}; SSIM's window needs at least ${WINDOW}×${WINDOW} pixels`,
    );
  }
}
