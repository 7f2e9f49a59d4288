import type { ImageComparison } from './lpips/compare-with-lpips.ts';

/** What is kept of a comparison, as JSON can say it. LPIPS is v0.1 with AlexNet. */
export interface Distances {
  readonly identical: boolean;
  readonly ssim: number;
  /** dB; null for identical pictures, whose PSNR is infinite. */
  readonly psnr: number | null;
  readonly mse: number;
  readonly lpips: number | null;
  /** With inputs in [0, 1]. */
  readonly lpipsPaper: number | null;
}

export function distancesOf({ identical, ssim, psnr, mse, lpips, lpipsPaper }: ImageComparison): Distances {
  return { identical, ssim, psnr: identical ? null : psnr, mse, lpips, lpipsPaper };
}
