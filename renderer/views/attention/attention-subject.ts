import type {
  AttentionMapRequest,
  Calibration,
  RunDetails,
  Sample,
  Sampling,
  SchemeRef,
} from '../../../electron/contract.ts';
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
  const pictures = run?.pictures ?? [];
  const calibrated = (calibration?.search?.prompts ?? []).map((prompt) => ({
    prompt,
    seed: calibration?.search?.seeds[0] ?? 0,
  }));
  const all = [...pictures, ...calibrated, ...settings].map(({ prompt, seed }) => ({ prompt, seed }));
  const seen = new Set<string>();
  return all.filter(({ prompt, seed }) => {
    const key = `${seed} ${prompt}`;
    return prompt !== '' && !seen.has(key) && seen.add(key) !== undefined;
  });
}

/** Windows to draw: those of the table, else of the settings. */
export function offeredFractions(methods: readonly string[]): readonly number[] {
  return methods.flatMap((method) => {
    const fraction = /^arrow\/(\d+)$/.exec(method)?.[1];
    return fraction === undefined ? [] : [Number(fraction)];
  });
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
