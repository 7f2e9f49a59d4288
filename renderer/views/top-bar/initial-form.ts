import type { AppState } from '../../state/app-state.ts';
import { takesNegativePrompt } from '../../state/negative-prompt.ts';
import type { CalibrationForm } from './calibration-form.ts';

/** Of prompts that a model ships: more make a scheme hold for more pictures, and the search longer. */
const PROMPTS = 4;

/** What the sliders say, else what the last calibration ran at; the model's own prompts, else those of the top bar. */
export function initialForm({
  settings,
  model,
  tuning,
  currentSampling,
}: Pick<AppState, 'settings' | 'model' | 'tuning' | 'currentSampling'>): CalibrationForm {
  const shipped = model?.prompts?.calibration.slice(0, PROMPTS) ?? [];
  const prompts = shipped.length > 0 ? shipped : (settings?.samples.map(({ prompt }) => prompt) ?? []);
  const bounds = tuning ?? settings;
  return {
    name: '',
    prompts: prompts.join('\n'),
    seeds: '0',
    negativePrompt: takesNegativePrompt(model, currentSampling()) ? (settings?.negativePrompt ?? '') : '',
    delta: bounds?.delta ?? 0.2,
    headConstraint: bounds?.headConstraint ?? null,
    granularity: bounds?.granularity ?? 'head',
    candidates: bounds?.candidates ?? [],
    cost: settings?.cost ?? 'flops',
    evaluate: true,
  };
}
