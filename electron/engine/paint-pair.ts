import {
  type AppliedReport,
  COMPRESSED_FILE,
  compareWithLpips,
  DIFFERENCE_FILE,
  distancesOf,
  ORIGINAL_FILE,
  type PictureMetrics,
  type Run,
} from '../../calibration/index.ts';
import type { Pipeline, Sample, Sampling } from '../../mmdit/index.ts';
import { differenceImage } from './difference-image.ts';
import { paint } from './paint.ts';
import { partOf } from './progress.ts';
import type { RunOptions } from './run-options.ts';
import type { SchemeInUse } from './scheme-in-use.ts';

/** Errors of a few grey levels become visible, and large ones are not all white. */
export const AMPLIFICATION = 4;

/** A picture made with full attention and under a scheme; files are names in the run's folder. */
export interface PaintedPair {
  readonly metrics: PictureMetrics;
  readonly difference: string;
  readonly amplification: number;
  /** What ran for the compressed one. */
  readonly applied: AppliedReport;
  /** Wall time of denoising. */
  readonly seconds: { readonly original: number; readonly compressed: number };
}

/**
 * Makes a sample both ways, compares and writes the pictures into a run's folder: `original.png` and so on, from the
 * second pair on `original-2.png`. Throws CancelledError, FileWriteError and what generation throws.
 */
export async function paintPair(
  run: Run,
  pipeline: Pipeline,
  sample: Sample,
  sampling: Sampling,
  use: SchemeInUse,
  position: number,
  options: RunOptions,
): Promise<PaintedPair> {
  const names = [ORIGINAL_FILE, COMPRESSED_FILE, DIFFERENCE_FILE].map((name) => numbered(name, position));
  const [original, compressed, difference] = names as [string, string, string];
  // A scheme saves about a third of the time.
  const full = await paint(pipeline, sample, sampling, null, half(options, 0, 0.57, 'full attention'));
  const fast = await paint(pipeline, sample, sampling, use, half(options, 0.57, 1, 'under the scheme'));
  const distances = distancesOf(await compareWithLpips(full.image, fast.image));
  await run.writePng(original, full.image);
  await run.writePng(compressed, fast.image);
  await run.writePng(difference, differenceImage(full.image, fast.image, AMPLIFICATION));
  await run.addApplied(compressed, fast.applied);
  return {
    metrics: { ...sample, original, compressed, ...distances },
    difference,
    amplification: AMPLIFICATION,
    applied: fast.applied,
    seconds: { original: full.seconds, compressed: fast.seconds },
  };
}

/** `original.png`, from the second picture of a run on `original-2.png`. */
export function numbered(name: string, position: number): string {
  return position === 0 ? name : name.replace('.', `-${position + 1}.`);
}

function half(options: RunOptions, from: number, to: number, which: string): RunOptions {
  const onProgress = partOf(options.onProgress, from, to);
  return {
    ...options,
    onProgress: ({ detail, ...progress }) =>
      onProgress({ ...progress, detail: detail === '' ? which : `${detail}, ${which}` }),
  };
}
