import { existsSync } from 'node:fs';
import type { AppliedReport } from '../../calibration/scheme/applied-report.ts';
import { readScheme } from '../../calibration/scheme/scheme-file.ts';
import type { EncoderReads, GenerateProgress } from '../../mmdit/index.ts';
import { claimOutput } from './claim-output.ts';
import { noticePrompts, noticeUnusedNegative } from './notice-prompts.ts';
import { type ModelWish, withModel } from './open-model.ts';
import { OutputExistsError } from './output-exists-error.ts';
import { writePng } from './png.ts';
import type { Progress } from './progress.ts';
import { requireWritable } from './require-writable.ts';
import type { RunOptions } from './run-options.ts';
import { checkSampling, completeSampling, type SamplingWish } from './sampling-wish.ts';
import { reportApplied, prepareScheme } from './scheme-in-use.ts';

export interface PictureRequest extends ModelWish {
  readonly prompt: string;
  /** What not to show, for models with classifier-free guidance. */
  readonly negativePrompt?: string | undefined;
  readonly seed: number;
  readonly sampling: SamplingWish;
  /** A *.scheme.json. */
  readonly scheme?: string | undefined;
  /** The PNG to write. */
  readonly out: string;
  /** Overwrite it, and apply a scheme made for other settings. */
  readonly force?: boolean | undefined;
}

export interface PictureResult {
  readonly file: string;
  readonly model: string;
  readonly device: string;
  /** Where text encoders and VAE ran. */
  readonly onnx: string | null;
  readonly prompt: string;
  /** null where none was given, and where it had no effect. */
  readonly negativePrompt: string | null;
  readonly seed: number;
  readonly steps: number;
  readonly guidance: number;
  readonly width: number;
  readonly height: number;
  readonly scheme: string | null;
  /** Of the scheme in use; null without one. */
  readonly sparsity: number | null;
  /** What ran, step by step. */
  readonly applied: AppliedReport;
  readonly seconds: { readonly encode: number; readonly denoise: number; readonly decode: number };
  readonly ignoredWords: readonly string[];
  /** How much of the prompt each text encoder read. */
  readonly reads: readonly EncoderReads[];
}

/**
 * Makes one picture and writes it whole. Throws SamplingError, CheckpointError, errors of the scheme, OutputExistsError and
 * OutputBusyError before any work is done, FileWriteError, or the signal's reason.
 */
export async function generatePicture(request: PictureRequest, options: RunOptions = {}): Promise<PictureResult> {
  const { out } = request;
  await requireWritable(out);
  return claimOutput(out, async () => {
    if (existsSync(out) && !request.force) throw new OutputExistsError(out);
    return paintPicture(request, options);
  });
}

async function paintPicture(request: PictureRequest, options: RunOptions): Promise<PictureResult> {
  const { prompt, negativePrompt, seed, out, force = false } = request;
  const scheme = request.scheme === undefined ? null : await readScheme(request.scheme);
  return withModel(request, options, async (pipeline) => {
    const base = scheme?.sampling ?? pipeline.defaults;
    const { layouts: _, ...sampling } = checkSampling(pipeline, completeSampling(request.sampling, base));
    const use = scheme && prepareScheme(scheme, pipeline, sampling, { force, onNotice: options.onNotice });
    noticePrompts(pipeline, [prompt], options);
    noticeUnusedNegative(pipeline, sampling, negativePrompt, options);
    const { images, seconds, notices, applied } = await pipeline.generate({
      samples: [{ prompt, seed, ...(negativePrompt !== undefined && { negativePrompt }) }],
      sampling,
      onProgress: (progress) => options.onProgress?.(describeProgress(progress)),
      onNotice: options.onNotice,
      ...(use && { plan: use.plan }),
      ...(options.signal && { signal: options.signal }),
    });
    await writePng(out, images[0]!);
    const { steps, guidance, width, height } = sampling;
    return {
      file: out,
      model: pipeline.identity.name,
      device: pipeline.device.info.name,
      onnx: pipeline.onnx,
      prompt,
      negativePrompt: negativePrompt && pipeline.usesNegativePrompts(sampling) ? negativePrompt : null,
      seed,
      ...{ steps, guidance, width, height },
      scheme: request.scheme ?? null,
      sparsity: scheme?.stats.sparsity ?? null,
      applied: reportApplied(applied, pipeline, sampling, use, options),
      seconds,
      ...notices[0]!,
    };
  });
}

/** What a generation has done so far, as parts of a whole; denoising takes nearly all of it. */
export function describeProgress(progress: GenerateProgress): Progress {
  switch (progress.stage) {
    case 'encode':
      return { value: 0, title: 'Reading the prompt', detail: '' };
    case 'denoise': {
      const { step, steps } = progress;
      return { value: 0.01 + (0.94 * step) / steps, title: 'Denoising', detail: `step ${step} of ${steps}` };
    }
    case 'decode': {
      const { tile = 1, tiles = 1 } = progress;
      const detail = tiles > 1 ? `tile ${tile} of ${tiles}` : '';
      return { value: 0.95 + (0.05 * (tile - 1)) / tiles, title: 'Decoding', detail };
    }
  }
}
