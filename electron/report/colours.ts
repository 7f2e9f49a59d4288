/** Viridis (matplotlib, CC0), sampled: even steps in lightness, readable with every common colour blindness. */
const VIRIDIS = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 74, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [110, 206, 88],
  [181, 222, 43],
  [253, 231, 37],
] as const;

const SHADES = 64;

/** The scale from small to large, as hex colours. */
export const SHADE_TABLE: readonly string[] = Array.from({ length: SHADES }, (_, index) => shade(index / (SHADES - 1)));

function shade(part: number): string {
  const position = part * (VIRIDIS.length - 1);
  const index = Math.min(VIRIDIS.length - 2, Math.floor(position));
  const [from, to] = [VIRIDIS[index]!, VIRIDIS[index + 1]!];
  const mix = (channel: 0 | 1 | 2): number =>
    Math.round(from[channel] + (to[channel] - from[channel]) * (position - index));
  return hex(mix(0), mix(1), mix(2));
}

function hex(...channels: readonly number[]): string {
  return `#${channels.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}

/** A logarithmic axis over whole decades. */
export interface LogScale {
  /** Powers of ten. */
  readonly low: number;
  readonly high: number;
}

/**
 * The decades that hold the positive finite values, at most six of them, counted from the largest: RSE spans more, but
 * what is a millionth of the largest is as good as nothing.
 */
export function logScaleOf(values: Iterable<number>): LogScale {
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (const value of values) {
    if (!(value > 0 && value < Number.POSITIVE_INFINITY)) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (most === 0) return { low: -4, high: 0 };
  const high = Math.ceil(Math.log10(most)) + 0;
  return { low: Math.min(high - 1, Math.max(high - 6, Math.floor(Math.log10(least)))), high };
}

/** Index into SHADE_TABLE; null for a value that is not a number. */
export function shadeIndex(value: number, { low, high }: LogScale): number | null {
  if (!Number.isFinite(value)) return null;
  const part = value > 0 ? (Math.log10(value) - low) / (high - low) : 0;
  return Math.round(Math.min(1, Math.max(0, part)) * (SHADES - 1));
}
