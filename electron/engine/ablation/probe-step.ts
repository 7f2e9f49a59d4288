import { type AblationSettings, measureCandidates, planAblation } from '../../../calibration/index.ts';
import {
  type AttentionCall,
  AttentionMemory,
  FULL,
  type HeadMethod,
  type Pipeline,
  parseMethod,
  residualFractions,
  type Sampling,
  type Tensor,
} from '../../../mmdit/index.ts';

/** What one picture takes, measured. */
export interface StepProbe {
  /** One denoising step with full attention. */
  readonly stepSeconds: number;
  /** What a search adds to it at most: measuring every candidate of every row, and keeping residuals. */
  readonly measureSeconds: number;
  readonly decodeSeconds: number;
}

/** The first step warms caches and clocks up; the second is timed. */
const STEPS = 2;

/** Times one step of a picture and what a search does at it, layer by layer on what it would see. */
export async function probeStep(
  pipeline: Pipeline,
  sampling: Sampling,
  settings: AblationSettings,
  signal: AbortSignal | undefined,
): Promise<StepProbe> {
  const probe = new SearchProbe(pipeline, settings);
  const ended: number[] = [];
  try {
    const { guidance, width, height } = sampling;
    const latents = await pipeline.denoise({
      samples: settings.evaluation.slice(0, 1),
      sampling: { steps: STEPS, guidance, width, height },
      attention: (step) => (call) => probe.attend(call, step === STEPS - 1),
      keptTensors: probe.keptTensors,
      afterStep: () => void ended.push(performance.now()),
      ...(signal && { signal }),
    });
    const started = performance.now();
    await pipeline.decode(latents, signal);
    const decodeSeconds = (performance.now() - started) / 1000;
    const stepSeconds = (ended[STEPS - 1]! - ended[STEPS - 2]!) / 1000 - probe.seconds;
    return { stepSeconds, measureSeconds: probe.seconds, decodeSeconds };
  } finally {
    probe.close();
  }
}

/** A search in which every head stays full. */
class SearchProbe {
  /** What searching took so far. */
  seconds = 0;
  readonly #pipeline: Pipeline;
  readonly #memory: AttentionMemory;
  readonly #candidates: readonly HeadMethod[];

  constructor(pipeline: Pipeline, settings: AblationSettings) {
    const { searches } = planAblation(settings);
    this.#pipeline = pipeline;
    this.#memory = new AttentionMemory(pipeline.device);
    this.#candidates = [...new Set(searches.flatMap(({ candidates }) => candidates))].map(parseMethod);
  }

  get keptTensors(): number {
    return 1 + residualFractions(this.#candidates).length;
  }

  async attend(call: AttentionCall, measures: boolean): Promise<Tensor> {
    const { device, layers } = this.#pipeline;
    const { heads, headDim } = layers[call.layer]!;
    const block = device.preferredBlock(headDim);
    const full = new Array(heads).fill(FULL);
    const { out } = this.#memory.attend(call, block, full);
    await device.finish();
    const started = performance.now();
    const past = { previous: out, residuals: this.#memory.residuals(call.layer) };
    if (measures) await measureCandidates(device, { ...call, block }, past, this.#candidates);
    for (const fraction of residualFractions(this.#candidates))
      this.#memory.keepResiduals(call, block, full, fraction, () => true);
    await device.finish();
    if (measures) this.seconds += (performance.now() - started) / 1000;
    return out;
  }

  close(): void {
    this.#memory.close();
  }
}
