import { type AblationSearch, type AblationSettings, planAblation } from '../../../calibration/index.ts';
import { type Pipeline, parseMethod, residualFractions, type Sampling } from '../../../mmdit/index.ts';
import type { StepProbe } from './probe-step.ts';

/** What is left to do, before it starts. */
export interface AblationForecast {
  readonly searches: number;
  /** With full attention and under schemes. */
  readonly pictures: number;
  /** Upper bounds: what schemes save is not known yet. */
  readonly seconds: number;
  /** Of those searches, in their order. */
  readonly searchSeconds: readonly number[];
  readonly secondsPerPicture: number;
  /** Of the largest job, beside the weights, and what the device has free. */
  readonly memory: { readonly neededBytes: number; readonly freeBytes: number };
  readonly probe: StepProbe;
}

export interface WorkLeft {
  readonly searches: readonly AblationSearch[];
  /** Pictures with full attention that are to be made. */
  readonly originals: number;
}

export function forecastAblation(
  pipeline: Pipeline,
  sampling: Sampling,
  settings: AblationSettings,
  probe: StepProbe,
  { searches, originals }: WorkLeft,
): AblationForecast {
  const samples = settings.prompts.length * settings.seeds.length;
  const { stepSeconds, measureSeconds, decodeSeconds } = probe;
  const searchSeconds = searches.map(
    (search) =>
      samples * sampling.steps * (passesPerStep(search, pipeline.layers.length) * stepSeconds + measureSeconds),
  );
  const secondsPerPicture = sampling.steps * stepSeconds + decodeSeconds;
  const pictures = originals + searches.length * settings.evaluation.length;
  return {
    searches: searches.length,
    pictures,
    seconds: searchSeconds.reduce((sum, seconds) => sum + seconds, 0) + pictures * secondsPerPicture,
    searchSeconds,
    secondsPerPicture,
    memory: {
      neededBytes: pipeline.workBytes(samples, sampling, keptTensors(settings)),
      freeBytes: pipeline.device.freeBytes,
    },
    probe,
  };
}

/** Forward passes at most: DiTFastAttn's search tries every candidate of every layer against a pass of its own. */
function passesPerStep({ threshold, candidates }: AblationSearch, layers: number): number {
  return threshold === null ? 1 : 2 + layers * candidates.length;
}

/** Of the search that keeps most: every layer's output, and a residual per window that is added. */
function keptTensors(settings: AblationSettings): number {
  const residuals = planAblation(settings).searches.map(
    ({ candidates }) => residualFractions(candidates.map(parseMethod)).length,
  );
  return 1 + Math.max(0, ...residuals);
}
