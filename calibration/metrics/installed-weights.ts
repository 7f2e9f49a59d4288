import { mkdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { FileWriteError, writeWholeFile } from '../../mmdit/files/write-whole-file.ts';
import type { RgbImage } from '../../mmdit/pipeline/pipeline.ts';
import { compareImages, type ImageComparison } from './compare-images.ts';
import { LEAST_LPIPS_SIZE, Lpips } from './lpips.ts';

/** Networks whose weights a user can add. */
export const WEIGHT_NAMES = ['lpips-alex'] as const;
export type WeightName = (typeof WEIGHT_NAMES)[number];

/** Where weights are kept: `$ARROWHEAD_HOME/weights`, else `~/.arrowhead/weights`. */
export function weightsFolder(): string {
  return path.join(process.env.ARROWHEAD_HOME ?? path.join(homedir(), '.arrowhead'), 'weights');
}

export function weightsFile(name: WeightName): string {
  return path.join(weightsFolder(), `${name}.safetensors`);
}

/** Checks a file and keeps a copy. Throws CheckpointError for what is not that network's weights, FileWriteError. */
export async function addWeights(name: WeightName, file: string): Promise<string> {
  const network = await Lpips.open(file);
  await network.close();
  const target = weightsFile(name);
  await mkdir(path.dirname(target), { recursive: true }).catch((cause: unknown) => {
    throw new FileWriteError(target, cause);
  });
  await writeWholeFile(target, await readFile(file));
  return target;
}

/** SSIM, PSNR, and LPIPS where its weights are there and the pictures are large enough. Throws as compareImages does. */
export async function compareWithLpips(a: RgbImage, b: RgbImage): Promise<ImageComparison> {
  const comparison = compareImages(a, b);
  if (Math.min(a.width, a.height) < LEAST_LPIPS_SIZE) return comparison;
  const network = await installedLpips();
  return network === null ? comparison : { ...comparison, lpips: await network.distance(a, b) };
}

let opened: { readonly key: string; readonly network: Promise<Lpips> } | null = null;

/** Opened once, and again when the file has changed; null where there is none. */
async function installedLpips(): Promise<Lpips | null> {
  const file = weightsFile('lpips-alex');
  const info = await stat(file).catch(() => null);
  if (info === null) return null;
  const key = `${file} ${info.mtimeMs} ${info.size}`;
  if (opened?.key !== key) opened = { key, network: Lpips.open(file) };
  return opened.network;
}
