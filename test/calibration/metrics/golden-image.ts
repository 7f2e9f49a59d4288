import sharp from 'sharp';
import type { RgbImage } from '../../../mmdit/pipeline/pipeline.ts';

/** One of the pictures whose metrics `test/golden/metrics/values.json` has. */
export async function goldenImage(name: string): Promise<RgbImage> {
  const picture = sharp(`test/golden/metrics/${name}.webp`).removeAlpha().raw();
  const { data, info } = await picture.toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, pixels: new Uint8Array(data) };
}
