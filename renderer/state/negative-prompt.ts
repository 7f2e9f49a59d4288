import type { ModelInfo, Sample, Sampling, Settings } from '../../electron/contract.ts';

type Model = Pick<ModelInfo, 'name' | 'negativePromptsAbove'> | null;
type Guidance = Pick<Sampling, 'guidance'> | null;

/** Whether a negative prompt has an effect on this model at this guidance. */
export function takesNegativePrompt(model: Model, sampling: Guidance): boolean {
  return model !== null && sampling !== null && whyUnguided(model, sampling) === null;
}

/** Why nothing runs twice for classifier-free guidance, and so has no two halves; null where it does. */
export function whyUnguided(model: NonNullable<Model>, { guidance }: NonNullable<Guidance>): string | null {
  const { name, negativePromptsAbove: above } = model;
  if (above === null) return `${name} has its guidance built in: there is no second half of a batch to share with`;
  if (guidance > above) return null;
  return `Classifier-free guidance begins above ${above}, and guidance is ${guidance}: there is no second half to share with`;
}

/** The pictures of the top bar, with its negative prompt where that has an effect. */
export function samplesToMake(
  { samples, negativePrompt }: Pick<Settings, 'samples' | 'negativePrompt'>,
  model: Model,
  sampling: Guidance,
): Sample[] {
  if (negativePrompt.trim() === '' || !takesNegativePrompt(model, sampling)) return samples;
  return samples.map((sample) => ({ ...sample, negativePrompt }));
}

/** Whether two samples are the same picture. */
export function isSameSample(a: Sample, b: Sample): boolean {
  return a.prompt === b.prompt && a.seed === b.seed && a.negativePrompt === b.negativePrompt;
}
