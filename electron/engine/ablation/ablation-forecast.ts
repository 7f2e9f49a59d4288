import { type AblationSettings, planAblation } from '../../../calibration/index.ts';
import { type Pipeline, parseMethod, residualFractions, type Sampling } from '../../../mmdit/index.ts';
import type { StepProbe } from './probe-step.ts';

/** What is left to do, before it starts. */
export interface AblationForecast {
  readonly searches: number;
  /** With full attention and under schemes. */
  readonly pictures: number;
  /** Upper bounds: what schemes save is not known yet. */
  readonly seconds: number;
  readonly secondsPerSearch: number;
  readonly secondsPerPicture: number;
  /** Of the largest job, beside the weights, and what the device has free. */
  readonly memory: { readonly neededBytes: number; readonly freeBytes: number };
  readonly probe: StepProbe;
}

export interface WorkLeft {
  readonly searches: number;
  /** Pictures with full attention that are to be made. */
  readonly originals: number;
}

export function forecastAblation(
  pipeline: Pipeline,
  sampling: Sampling,
  settings: AblationSettings,
  probe: StepProbe,
  left: WorkLeft,
): AblationForecast {
  const samples = settings.prompts.length * settings.seeds.length;
  const { stepSeconds, measureSeconds, decodeSeconds } = probe;
  const secondsPerSearch = samples * sampling.steps * (stepSeconds + measureSeconds);
  const secondsPerPicture = sampling.steps * stepSeconds + decodeSeconds;
  const pictures = left.originals + left.searches * settings.evaluation.length;
  return {
    searches: left.searches,
    pictures,
    seconds: left.searches * secondsPerSearch + pictures * secondsPerPicture,
    secondsPerSearch,
    secondsPerPicture,
    memory: {
      neededBytes: pipeline.workBytes(samples, sampling, keptTensors(settings)),
      freeBytes: pipeline.device.freeBytes,
    },
    probe,
  };
}

/** Of the search that keeps most: every layer's output, and a residual per window that is added. */
function keptTensors(settings: AblationSettings): number {
  const residuals = planAblation(settings).searches.map(
    ({ candidates }) => residualFractions(candidates.map(parseMethod)).length,
  );
  return 1 + Math.max(0, ...residuals);
}
