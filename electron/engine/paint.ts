import type { AppliedReport } from '../../calibration/index.ts';
import type { Pipeline, RgbImage, Sample, Sampling } from '../../mmdit/index.ts';
import { describeProgress } from './generate-picture.ts';
import type { RunOptions } from './run-options.ts';
import { reportApplied, type SchemeInUse } from './scheme-in-use.ts';

/** One picture, and how it came about. */
export interface Painted {
  readonly image: RgbImage;
  /** Wall time of denoising. */
  readonly seconds: number;
  readonly applied: AppliedReport;
}

/** Makes one picture, with full attention where there is no scheme. Throws the signal's reason. */
export async function paint(
  pipeline: Pipeline,
  sample: Sample,
  { steps, guidance, width, height }: Sampling,
  use: SchemeInUse | null,
  options: RunOptions,
): Promise<Painted> {
  const { signal, onProgress, onNotice } = options;
  const sampling = { steps, guidance, width, height };
  const { images, seconds, applied } = await pipeline.generate({
    samples: [sample],
    sampling,
    onProgress: (progress) => onProgress?.(describeProgress(progress)),
    onNotice,
    ...(use && { plan: use.plan }),
    ...(signal && { signal }),
  });
  const report = reportApplied(applied, pipeline, sampling, use, options);
  return { image: images[0]!, seconds: seconds.denoise, applied: report };
}
