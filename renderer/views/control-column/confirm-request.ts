import type { JobRequest } from '../../../electron/contract.ts';
import type { AppState } from '../../state/app-state.ts';
import { samplesToMake } from '../../state/negative-prompt.ts';

/** The progressive search at what the sliders say, judged by the pictures of the top bar; null where none can run. */
export function confirmRequest({
  calibration,
  tuning,
  settings,
  model,
}: Pick<AppState, 'calibration' | 'tuning' | 'settings' | 'model'>): JobRequest | null {
  if (calibration === null || tuning === null || calibration.search === null || tuning.candidates.length === 0)
    return null;
  return {
    kind: 'confirm-search',
    run: calibration.run,
    delta: tuning.delta,
    headConstraint: tuning.headConstraint,
    granularity: tuning.granularity,
    candidates: [...tuning.candidates],
    cost: tuning.cost,
    evaluate: settings === null ? [] : samplesToMake(settings, model, calibration.sampling),
  };
}
