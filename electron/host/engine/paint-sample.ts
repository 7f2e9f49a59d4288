import { COMPRESSED_FILE, ORIGINAL_FILE, type Run } from '../../../calibration/index.ts';
import type { AttentionPlan, Pipeline, Sample, Sampling } from '../../../mmdit/index.ts';
import type { RunPicture } from '../../contract.ts';
import { numbered, paint, paintPair } from '../../engine/paint-pair.ts';
import type { RunOptions } from '../../engine/run-options.ts';

export interface SampleWish {
  readonly sample: Sample;
  readonly sampling: Sampling;
  /** null: full attention. */
  readonly plan: AttentionPlan | null;
  /** Under a plan: with full attention too. */
  readonly compare: boolean;
  /** Among the run's pictures; names the files. */
  readonly position: number;
}

/** Makes one sample of a run, once or both ways, and writes its files. Throws CancelledError, FileWriteError. */
export async function paintSample(
  run: Run,
  pipeline: Pipeline,
  { sample, sampling, plan, compare, position }: SampleWish,
  options: RunOptions,
): Promise<RunPicture> {
  const { prompt, seed } = sample;
  if (plan !== null && compare) {
    const pair = await paintPair(run, pipeline, sample, sampling, plan, position, options);
    const { prompt: _, seed: __, original, compressed, ...metrics } = pair.metrics;
    return { prompt, seed, original, compressed, difference: pair.difference, metrics, seconds: pair.seconds };
  }
  const { image, seconds } = await paint(run, pipeline, sample, sampling, plan, options);
  const file = numbered(plan === null ? ORIGINAL_FILE : COMPRESSED_FILE, position);
  await run.writePng(file, image);
  const [original, compressed] = plan === null ? [file, null] : [null, file];
  const times = plan === null ? { original: seconds, compressed: null } : { original: null, compressed: seconds };
  return { prompt, seed, original, compressed, difference: null, metrics: null, seconds: times };
}
