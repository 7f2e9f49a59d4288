import type { JobRequest, ModelInfo, Settings } from '../../../electron/contract.ts';
import { takesNegativePrompt } from '../../state/negative-prompt.ts';
import { usableCandidates } from '../../state/usable-candidates.ts';

/** More prompts make the scheme hold for more pictures, and a newcomer wait longer. */
const PROMPTS = 4;
/** Pictures to judge by, of prompts that the calibration does not see. */
const PICTURES = 2;

type DemoSettings = Pick<Settings, 'delta' | 'headConstraint' | 'granularity' | 'candidates' | 'cost'>;

/** The newcomer's first calibration, at the model's own sampling; null for a model that ships no prompts. */
export function calibrateDemoRequest(
  model: Pick<ModelInfo, 'name' | 'prompts' | 'defaults' | 'negativePromptsAbove'>,
  { delta, headConstraint, granularity, cost, ...settings }: DemoSettings,
): JobRequest | null {
  const candidates = usableCandidates(settings.candidates, takesNegativePrompt(model, model.defaults));
  if (model.prompts === null || candidates.length === 0) return null;
  const { calibration, evaluation } = model.prompts;
  const shown = [...new Set([model.prompts.default, ...evaluation])].slice(0, PICTURES);
  return {
    kind: 'calibrate',
    name: 'Demo',
    model: null,
    prompts: calibration.slice(0, PROMPTS),
    seeds: [0],
    sampling: model.defaults,
    delta,
    headConstraint,
    granularity,
    candidates,
    cost,
    evaluate: shown.map((prompt) => ({ prompt, seed: 0 })),
  };
}
