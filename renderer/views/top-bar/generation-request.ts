import type { JobRequest } from '../../../electron/contract.ts';
import type { AppState } from '../../state/app-state.ts';

/** `compare`: under the plan and with full attention; `compressed`: under the plan alone; `full`: full attention alone. */
export const GENERATE_MODES = ['compare', 'compressed', 'full'] as const;
export type GenerateMode = (typeof GENERATE_MODES)[number];

/** Why the open table's plan cannot be used for the pictures asked for. */
export type Misfit =
  | { readonly field: 'model'; readonly expected: string; readonly found: string }
  | { readonly field: 'steps'; readonly expected: number; readonly found: number };

type GenerationState = Pick<
  AppState,
  'settings' | 'model' | 'calibration' | 'runs' | 'currentSampling' | 'solveSettings'
>;

export interface Generation {
  readonly job: JobRequest;
  /** To be asked about before the job is started. */
  readonly misfits: readonly Misfit[];
}

/** The pictures of the top bar, under what the sliders say where a table is open; null while no model is open. */
export function generationRequest(state: GenerationState, mode: GenerateMode): Generation | null {
  const { settings, model } = state;
  const sampling = state.currentSampling();
  if (settings === null || model === null || sampling === null) return null;
  const solve = mode === 'full' ? null : state.solveSettings();
  const job: JobRequest = {
    kind: 'generate',
    model: settings.model,
    samples: settings.samples,
    sampling,
    plan: solve === null ? null : { kind: 'solve', ...solve },
    compare: solve !== null && mode === 'compare',
  };
  return { job, misfits: solve === null ? [] : misfitsOf(state) };
}

function misfitsOf({ calibration, runs, model, currentSampling }: GenerationState): Misfit[] {
  const made = runs.find(({ id }) => id === calibration?.run)?.model;
  const sampling = currentSampling();
  const misfits: Misfit[] = [];
  if (made && model && made.fingerprint !== model.fingerprint)
    misfits.push({ field: 'model', expected: made.name, found: model.name });
  if (calibration && sampling && calibration.steps !== sampling.steps)
    misfits.push({ field: 'steps', expected: calibration.steps, found: sampling.steps });
  return misfits;
}
