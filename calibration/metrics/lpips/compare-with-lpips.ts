import type { RgbImage } from '../../../mmdit/pipeline/pipeline.ts';
import { compareImages, type PixelComparison } from '../compare-images.ts';
import { installedLpips } from './installed-weights.ts';
import { LEAST_LPIPS_SIZE } from './lpips.ts';
import type { LpipsNetwork } from './networks.ts';

export interface ImageComparison extends PixelComparison {
  readonly lpipsNetwork: LpipsNetwork;
  /** LPIPS v0.1, inputs in [−1, 1]; null where `lpipsMissing` says why. */
  readonly lpips: number | null;
  /** The same with inputs in [0, 1], as DiTFastAttnV2's published script computes it: to compare with its figures alone. */
  readonly lpipsPaper: number | null;
  readonly lpipsMissing: 'weights' | 'size' | null;
}

/** SSIM, PSNR, and LPIPS where its weights are there and the pictures are large enough. Throws as compareImages does. */
export async function compareWithLpips(
  a: RgbImage,
  b: RgbImage,
  lpipsNetwork: LpipsNetwork = 'alex',
): Promise<ImageComparison> {
  const comparison = { ...compareImages(a, b), lpipsNetwork };
  const without = { ...comparison, lpips: null, lpipsPaper: null };
  if (Math.min(a.width, a.height) < LEAST_LPIPS_SIZE) return { ...without, lpipsMissing: 'size' };
  const network = await installedLpips(lpipsNetwork);
  if (network === null) return { ...without, lpipsMissing: 'weights' };
  const lpips = await network.distance(a, b, 'standard');
  const lpipsPaper = await network.distance(a, b, 'paper');
  return { ...comparison, lpips, lpipsPaper, lpipsMissing: null };
}
