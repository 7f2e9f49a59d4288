import type { Tuning } from '../../state/tuning.ts';

export const PRESETS = [
  { name: 'Careful', delta: 0.1, headConstraint: 1, says: 'each head within its even share of a small budget' },
  { name: 'Balanced', delta: 0.2, headConstraint: 1.5, says: 'what a search runs at unless told otherwise' },
  { name: 'Fast', delta: 0.6, headConstraint: null, says: 'a large budget, spent wherever it saves most' },
] as const;

export type PresetName = (typeof PRESETS)[number]['name'];

/** The preset whose bounds these are; null where they are the user's own. */
export function presetOf({ delta, headConstraint }: Pick<Tuning, 'delta' | 'headConstraint'>): PresetName | null {
  const preset = PRESETS.find((known) => known.delta === delta && known.headConstraint === headConstraint);
  return preset?.name ?? null;
}
