import type { JobRequest } from '../../../electron/contract.ts';
import type { AppState } from '../../state/app-state.ts';
import { samplesToMake } from '../../state/negative-prompt.ts';
import { type PlanInUse, planInUse } from './plan-in-use.ts';

/** `compare`: under the plan and with full attention; `compressed`: under the plan alone; `full`: full attention alone. */
export const GENERATE_MODES = ['compare', 'compressed', 'full'] as const;
export type GenerateMode = (typeof GENERATE_MODES)[number];

/** Why the plan in use cannot be used for the pictures asked for. */
export type Misfit =
  | { readonly field: 'model'; readonly expected: string; readonly found: string }
  | { readonly field: 'steps'; readonly expected: number; readonly found: number };

type GenerationState = Pick<
  AppState,
  'settings' | 'model' | 'calibration' | 'runs' | 'openRun' | 'currentSampling' | 'solveSettings'
>;

export interface Generation {
  readonly job: JobRequest;
  /** To be asked about before the job is started. */
  readonly misfits: readonly Misfit[];
}

/** The pictures of the top bar, under the plan in use; null while no model is open. */
export function generationRequest(state: GenerationState, mode: GenerateMode): Generation | null {
  const { settings, model } = state;
  const sampling = state.currentSampling();
  if (settings === null || model === null || sampling === null) return null;
  const plan = mode === 'full' ? null : planInUse(state);
  const job: JobRequest = {
    kind: 'generate',
    model: settings.model,
    samples: samplesToMake(settings, model, sampling),
    sampling,
    plan: plan?.source ?? null,
    compare: plan !== null && mode === 'compare',
  };
  return { job, misfits: plan === null ? [] : misfitsOf(plan, model, sampling) };
}

interface Chosen {
  readonly name: string;
  readonly fingerprint: string;
}

function misfitsOf(plan: PlanInUse, model: Chosen, sampling: { readonly steps: number }): Misfit[] {
  const misfits: Misfit[] = [];
  if (plan.model !== null && plan.model.fingerprint !== model.fingerprint)
    misfits.push({ field: 'model', expected: plan.model.name, found: model.name });
  if (plan.steps !== null && plan.steps !== sampling.steps)
    misfits.push({ field: 'steps', expected: plan.steps, found: sampling.steps });
  return misfits;
}
