import { COMPRESSED_FILE, ORIGINAL_FILE, type Run } from '../../../calibration/index.ts';
import type { Pipeline, Sample, Sampling } from '../../../mmdit/index.ts';
import { paint } from '../../engine/paint.ts';
import { numbered, paintPair } from '../../engine/paint-pair.ts';
import type { RunOptions } from '../../engine/run-options.ts';
import type { SchemeInUse } from '../../engine/scheme-in-use.ts';
import type { NotedPicture } from '../library/run-notes.ts';

export interface SampleWish {
  readonly sample: Sample;
  readonly sampling: Sampling;
  /** null: full attention. */
  readonly use: SchemeInUse | null;
  /** Under a scheme: with full attention too. */
  readonly compare: boolean;
  /** Among the run's pictures; names the files. */
  readonly position: number;
}

/** Makes one sample of a run, once or both ways, and writes its files. Throws CancelledError, FileWriteError. */
export async function paintSample(
  run: Run,
  pipeline: Pipeline,
  { sample, sampling, use, compare, position }: SampleWish,
  options: RunOptions,
): Promise<NotedPicture> {
  if (use !== null && compare) {
    const pair = await paintPair(run, pipeline, sample, sampling, use, position, options);
    const { prompt: _, seed: __, negativePrompt: ___, original, compressed, ...metrics } = pair.metrics;
    return { ...sample, original, compressed, difference: pair.difference, metrics, seconds: pair.seconds };
  }
  const { image, seconds, applied } = await paint(pipeline, sample, sampling, use, options);
  const file = numbered(use === null ? ORIGINAL_FILE : COMPRESSED_FILE, position);
  await run.writePng(file, image);
  await run.addApplied(file, applied);
  const [original, compressed] = use === null ? [file, null] : [null, file];
  const times = use === null ? { original: seconds, compressed: null } : { original: null, compressed: seconds };
  return { ...sample, original, compressed, difference: null, metrics: null, seconds: times };
}
