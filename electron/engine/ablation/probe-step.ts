import { type AblationSettings, measureCandidates } from '../../../calibration/index.ts';
import {
  type AttentionHook,
  type Pipeline,
  PlanAttention,
  parseMethod,
  residualFractions,
  type Sampling,
} from '../../../mmdit/index.ts';

/** What one picture takes, measured. */
export interface StepProbe {
  /** One denoising step with full attention. */
  readonly stepSeconds: number;
  /** Measuring all candidates of a step's layers. */
  readonly measureSeconds: number;
  readonly decodeSeconds: number;
}

/** The first step warms caches and clocks up; the second is timed. */
const STEPS = 2;

/** Times one step of a picture and the measurement of its candidates, layer by layer on what they would see. */
export async function probeStep(
  pipeline: Pipeline,
  sampling: Sampling,
  { base, evaluation }: AblationSettings,
  signal: AbortSignal | undefined,
): Promise<StepProbe> {
  const { device, layers } = pipeline;
  const candidates = base.candidates.map(parseMethod);
  const attention = new PlanAttention(device, layers, null);
  let measureSeconds = 0;
  const measuring =
    (hook: AttentionHook): AttentionHook =>
    async (call) => {
      const out = await hook(call);
      const block = device.preferredBlock(call.q.shape[3] ?? 0);
      await device.finish();
      const started = performance.now();
      // Residuals are not there yet; what is read in their place does not matter to the time.
      const residuals = new Map(residualFractions(candidates).map((fraction) => [fraction, out]));
      await measureCandidates(device, { ...call, block }, { previous: out, residuals }, candidates);
      measureSeconds += (performance.now() - started) / 1000;
      return out;
    };
  const ended: number[] = [];
  try {
    const { guidance, width, height } = sampling;
    const latents = await pipeline.denoise({
      samples: evaluation.slice(0, 1),
      sampling: { steps: STEPS, guidance, width, height },
      attention: (step) => (step === STEPS - 1 ? measuring(attention.step(step)) : attention.step(step)),
      afterStep: () => void ended.push(performance.now()),
      ...(signal && { signal }),
    });
    const started = performance.now();
    await pipeline.decode(latents, signal);
    const decodeSeconds = (performance.now() - started) / 1000;
    const stepSeconds = (ended[STEPS - 1]! - ended[STEPS - 2]!) / 1000 - measureSeconds;
    return { stepSeconds, measureSeconds, decodeSeconds };
  } finally {
    attention.close();
  }
}
