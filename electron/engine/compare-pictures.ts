import { compareImages, type ImageComparison } from '../../calibration/metrics/compare-images.ts';
import { readPng } from './png.ts';

/** SSIM, PSNR and LPIPS of two PNG files. Throws PictureError, ImageComparisonError. */
export async function comparePictures(a: string, b: string): Promise<ImageComparison> {
  const [first, second] = await Promise.all([readPng(a), readPng(b)]);
  return compareImages(first, second);
}
