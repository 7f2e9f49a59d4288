import { compareWithLpips, type ImageComparison, type LpipsNetwork } from '../../calibration/index.ts';
import { readPng } from './png.ts';

/** SSIM, PSNR and LPIPS of two PNG files. Throws PictureError, ImageComparisonError. */
export async function comparePictures(a: string, b: string, network?: LpipsNetwork): Promise<ImageComparison> {
  const [first, second] = await Promise.all([readPng(a), readPng(b)]);
  return compareWithLpips(first, second, network);
}
