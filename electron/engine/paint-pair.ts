import {
  COMPRESSED_FILE,
  compareWithLpips,
  distancesOf,
  ORIGINAL_FILE,
  type PictureMetrics,
  type Run,
} from '../../calibration/index.ts';
import type { AttentionPlan, Pipeline, RgbImage, Sample, Sampling } from '../../mmdit/index.ts';
import { CancelledError } from './cancelled-error.ts';
import { differenceImage } from './difference-image.ts';
import { describeProgress } from './generate-picture.ts';
import { partOf } from './progress.ts';
import type { RunOptions } from './run-options.ts';

export const DIFFERENCE_FILE = 'difference.png';
/** Errors of a few grey levels become visible, and large ones are not all white. */
export const AMPLIFICATION = 4;

/** A picture made with full attention and under a plan; files are names in the run's folder. */
export interface PaintedPair {
  readonly metrics: PictureMetrics;
  readonly difference: string;
  readonly amplification: number;
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
  plan: AttentionPlan,
  position: number,
  options: RunOptions,
): Promise<PaintedPair> {
  const names = [ORIGINAL_FILE, COMPRESSED_FILE, DIFFERENCE_FILE].map((name) => numbered(name, position));
  const [original, compressed, difference] = names as [string, string, string];
  // A scheme saves about a third of the time.
  const full = await paint(run, pipeline, sample, sampling, null, half(options, 0, 0.57, 'full attention'));
  const fast = await paint(run, pipeline, sample, sampling, plan, half(options, 0.57, 1, 'under the scheme'));
  const distances = distancesOf(await compareWithLpips(full.image, fast.image));
  await run.writePng(original, full.image);
  await run.writePng(compressed, fast.image);
  await run.writePng(difference, differenceImage(full.image, fast.image, AMPLIFICATION));
  return {
    metrics: { ...sample, original, compressed, ...distances },
    difference,
    amplification: AMPLIFICATION,
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

/** One picture and the seconds of its denoising. A stop marks the run as cancelled. Throws CancelledError. */
export async function paint(
  run: Run,
  pipeline: Pipeline,
  sample: Sample,
  { steps, guidance, width, height }: Sampling,
  plan: AttentionPlan | null,
  { signal, onProgress }: RunOptions,
): Promise<{ image: RgbImage; seconds: number }> {
  try {
    const { images, seconds } = await pipeline.generate({
      samples: [sample],
      sampling: { steps, guidance, width, height },
      onProgress: (progress) => onProgress?.(describeProgress(progress)),
      ...(plan && { plan }),
      ...(signal && { signal }),
    });
    return { image: images[0]!, seconds: seconds.denoise };
  } catch (error) {
    if (!signal?.aborted) throw error;
    await run.update({ status: 'cancelled' }).catch(() => {});
    throw new CancelledError(`Cancelled: the finished calibration is kept in ${run.folder}.`);
  }
}
