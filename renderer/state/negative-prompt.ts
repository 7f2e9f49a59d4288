import type { ModelInfo, Sample, Sampling, Settings } from '../../electron/contract.ts';

type Model = Pick<ModelInfo, 'negativePromptsAbove'> | null;

/** Whether a negative prompt has an effect on this model at this guidance. */
export function takesNegativePrompt(model: Model, sampling: Pick<Sampling, 'guidance'> | null): boolean {
  const above = model?.negativePromptsAbove ?? null;
  return above !== null && sampling !== null && sampling.guidance > above;
}

/** The pictures of the top bar, with its negative prompt where that has an effect. */
export function samplesToMake(
  { samples, negativePrompt }: Pick<Settings, 'samples' | 'negativePrompt'>,
  model: Model,
  sampling: Pick<Sampling, 'guidance'> | null,
): Sample[] {
  if (negativePrompt.trim() === '' || !takesNegativePrompt(model, sampling)) return samples;
  return samples.map((sample) => ({ ...sample, negativePrompt }));
}

/** Whether two samples are the same picture. */
export function isSameSample(a: Sample, b: Sample): boolean {
  return a.prompt === b.prompt && a.seed === b.seed && a.negativePrompt === b.negativePrompt;
}
