import type { Sample, Sampling } from './pipeline.ts';
import { SamplingError } from './sampling-error.ts';

const MAX_STEPS = 1000;
/** 16384² is far beyond what any of these models was made for; larger is a slip of the keyboard. */
const MAX_PIXELS = 16_384;
const MAX_GUIDANCE = 1000;

/** Throws SamplingError for settings that cannot be sampled. */
export function requireSampling({ steps, guidance, width, height }: Sampling, pixelsPerToken: number): void {
  if (!Number.isInteger(steps) || steps < 1 || steps > MAX_STEPS)
    throw new SamplingError(`steps must be a whole number from 1 to ${MAX_STEPS}, found ${steps}`);
  if (!(guidance >= 0 && guidance <= MAX_GUIDANCE))
    throw new SamplingError(`guidance must be a number from 0 to ${MAX_GUIDANCE}, found ${guidance}`);
  for (const [name, pixels] of Object.entries({ width, height })) {
    if (Number.isInteger(pixels) && pixels >= pixelsPerToken && pixels <= MAX_PIXELS && pixels % pixelsPerToken === 0)
      continue;
    throw new SamplingError(
      `${name} must be a multiple of ${pixelsPerToken} pixels, at most ${MAX_PIXELS}; found ${pixels}`,
    );
  }
}

/** Throws SamplingError for a batch that is empty or has a seed that torch could not take. */
export function requireSamples(samples: readonly Sample[]): void {
  if (samples.length === 0) throw new SamplingError('there must be at least one prompt');
  for (const { seed } of samples) {
    // torch takes negative seeds too, but its documentation and its code disagree on what they mean.
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new SamplingError(`a seed must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, found ${seed}`);
  }
}
