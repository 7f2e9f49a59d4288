import type { FlowMatchConfig } from './flow-match-config.ts';

/** Noise levels of a run. */
export interface Schedule {
  /** steps + 1 values from 1 down to 0. */
  readonly sigmas: Float32Array;
  /** One per step: sigma · num_train_timesteps. */
  readonly timesteps: Float32Array;
}

/** mu of dynamic shifting: linear in the image's token count. diffusers, `calculate_shift`. */
export function dynamicShift(config: FlowMatchConfig, imageTokens: number): number {
  const { base_shift, max_shift, base_image_seq_len, max_image_seq_len } = config;
  const slope = (max_shift - base_shift) / (max_image_seq_len - base_image_seq_len);
  return imageTokens * slope + (base_shift - slope * base_image_seq_len);
}

/** The schedule as FluxPipeline sets it: sigmas evenly from 1 to 1/steps, then shifted. */
export function fluxSchedule(config: FlowMatchConfig, steps: number, imageTokens: number): Schedule {
  const even = Float32Array.from({ length: steps }, (_, n) => interpolate(1, 1 / steps, n, steps));
  return finished(config, even.map(shifting(config, imageTokens)));
}

/**
 * The schedule as StableDiffusion3Pipeline sets it without sigmas of its own: evenly over the trained range, then
 * shifted; a static shift has moved that range already. In float64, as numpy does there.
 */
export function trainedRangeSchedule(config: FlowMatchConfig, steps: number, imageTokens: number): Schedule {
  const { num_train_timesteps: trained, use_dynamic_shifting, shift } = config;
  const [first, last] = [1, Math.fround(1 / trained)].map((sigma) =>
    use_dynamic_shifting ? sigma : Math.fround(staticShift(shift, sigma)),
  ) as [number, number];
  const shifted = shifting(config, imageTokens);
  const sigmas = Float32Array.from({ length: steps }, (_, n) =>
    shifted(interpolate(first * trained, last * trained, n, steps) / trained),
  );
  return finished(config, sigmas);
}

/** One Euler step in float32, in place: sample += (next − sigma) · prediction. */
export function eulerStep(sample: Float32Array, prediction: Float32Array, sigma: number, next: number): void {
  const step = Math.fround(next - sigma);
  for (let i = 0; i < sample.length; i++) sample[i] = sample[i]! + Math.fround(step * prediction[i]!);
}

/** By the picture's size where the config says so, else the same for all. */
function shifting(config: FlowMatchConfig, imageTokens: number): (sigma: number) => number {
  if (!config.use_dynamic_shifting) return (sigma) => staticShift(config.shift, sigma);
  const mu = dynamicShift(config, imageTokens);
  const scale = config.time_shift_type === 'exponential' ? Math.exp(mu) : mu;
  return (sigma) => scale / (scale + (1 / sigma - 1));
}

function staticShift(shift: number, sigma: number): number {
  return (shift * sigma) / (1 + (shift - 1) * sigma);
}

/** numpy.linspace(from, to, count)[n]. */
function interpolate(from: number, to: number, n: number, count: number): number {
  return count === 1 ? from : from + ((to - from) / (count - 1)) * n;
}

function finished(config: FlowMatchConfig, sigmas: Float32Array): Schedule {
  const withEnd = new Float32Array(sigmas.length + 1);
  withEnd.set(sigmas);
  return { sigmas: withEnd, timesteps: sigmas.map((sigma) => sigma * config.num_train_timesteps) };
}
