import type {
  AttentionMapRequest,
  Calibration,
  RunDetails,
  Sample,
  Sampling,
  SchemeRef,
} from '../../../electron/contract.ts';
import { LIMITS } from '../../../electron/contract/fields.ts';
import { windowFractions } from '../../../electron/contract/methods.ts';
import { isSameSample } from '../../state/negative-prompt.ts';
import type { Selection } from '../../state/selection-slice.ts';

/** What the attention of which sample is shown. */
export interface Subject {
  readonly sample: Sample;
  /** How the steps before were computed; null: with full attention. */
  readonly scheme: SchemeRef | null;
}

/** Samples to choose from: the open run's pictures, what it was calibrated with, and what the top bar says. */
export function offeredSamples(
  run: RunDetails | null,
  calibration: Calibration | null,
  settings: readonly Sample[],
): readonly Sample[] {
  const { prompts = [], seeds = [], negativePrompt } = calibration?.search ?? {};
  const calibrated = prompts.map((prompt) => ({ prompt, seed: seeds[0] ?? 0, ...negative(negativePrompt) }));
  const pictures = (run?.pictures ?? []).map(({ prompt, seed, negativePrompt: own }) => ({
    ...{ prompt, seed },
    ...negative(own),
  }));
  const all = [...pictures, ...calibrated, ...settings];
  return all.filter(
    (sample, at) => sample.prompt !== '' && all.findIndex((other) => isSameSample(other, sample)) === at,
  );
}

function negative(negativePrompt: string | undefined): Pick<Sample, 'negativePrompt'> {
  return negativePrompt === undefined ? {} : { negativePrompt };
}

/** Windows to draw, of arrows with a residual or shared guidance too; as many as a request takes. */
export function offeredFractions(methods: readonly string[]): readonly number[] {
  return windowFractions(methods).slice(0, LIMITS.windows);
}

/** The request for a selection; null where it does not lie within the sampling. */
export function attentionRequest(
  model: string | null,
  { sample, scheme }: Subject,
  { steps, guidance, width, height }: Sampling,
  { step, layer, head }: Selection,
  fractions: readonly number[],
): AttentionMapRequest | null {
  if (step >= steps) return null;
  const sampling = { steps, guidance, width, height };
  return { model, sample, sampling, scheme, step, layer, head, fractions: [...fractions] };
}
