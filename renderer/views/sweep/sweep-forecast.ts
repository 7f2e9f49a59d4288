import type { RunDetails } from '../../../electron/contract.ts';

/**
 * Seconds that a sweep takes at most: every sample once with full attention and once per pair of bounds, each as long
 * as a picture of the run took with full attention. Equal plans are made once, so it may be less. null where no picture
 * was timed.
 */
export function forecastSeconds(run: RunDetails | null, points: number, samples: number): number | null {
  const times = (run?.pictures ?? []).map(({ seconds }) => seconds.original).filter((seconds) => seconds !== null);
  if (times.length === 0) return null;
  const mean = times.reduce((sum, seconds) => sum + seconds, 0) / times.length;
  return mean * samples * (points + 1);
}
