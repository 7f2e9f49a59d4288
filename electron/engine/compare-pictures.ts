import { compareWithLpips, type ImageComparison } from '../../calibration/index.ts';
import { readPng } from './png.ts';

/** SSIM, PSNR and LPIPS of two PNG files. Throws PictureError, ImageComparisonError. */
export async function comparePictures(a: string, b: string): Promise<ImageComparison> {
  const [first, second] = await Promise.all([readPng(a), readPng(b)]);
  return compareWithLpips(first, second);
}
