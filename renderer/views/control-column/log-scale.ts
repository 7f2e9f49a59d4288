/** Slider positions are whole numbers from 0 to `last`; values between them are typed. */
export interface Scale {
  readonly last: number;
  /** Where a value lies, not rounded; values beyond the ends lie on them. null is the end called "none", if there is one. */
  position(value: number | null): number;
  value(position: number): number | null;
  /** Powers of ten within, to be labelled. */
  readonly decades: readonly number[];
}

/** One slider position is a factor of 10^(1/40): 6 %. */
export const POSITIONS_PER_DECADE = 40;
/** Positions between the largest value and "none": enough to be told apart on a narrow slider. */
const NONE_GAP = 12;

/** A logarithmic scale from `low` to `high` (both positive, low < high); `withNone` adds an end that stands for null. */
export function logScale(low: number, high: number, withNone = false): Scale {
  const from = Math.log10(low);
  const to = Math.log10(high);
  const lastValue = Math.max(1, Math.round((to - from) * POSITIONS_PER_DECADE));
  const last = withNone ? lastValue + NONE_GAP : lastValue;
  const perPosition = (to - from) / lastValue;
  return {
    last,
    position(value) {
      if (value === null) return last;
      if (!(value > low)) return 0;
      return Math.min(lastValue, (Math.log10(value) - from) / perPosition);
    },
    value(position) {
      if (withNone && position > lastValue + NONE_GAP / 2) return null;
      if (position <= 0) return low;
      if (position >= lastValue) return high;
      return Number((10 ** (from + position * perPosition)).toPrecision(2));
    },
    decades: decadesBetween(from, to),
  };
}

/** Whole decades around `values`, at least from `low` to `high`. Zeros and infinities do not count. */
export function decadesAround(values: readonly number[], low: number, high: number): [number, number] {
  const usable = values.filter((value) => value > 0 && Number.isFinite(value)).map(Math.log10);
  // Against 0.001, whose logarithm may come out a little below −3.
  const tolerance = 1e-9;
  const from = Math.min(Math.log10(low), ...usable.map((x) => Math.floor(x + tolerance)));
  const to = Math.max(Math.log10(high), ...usable.map((x) => Math.ceil(x - tolerance)));
  return [10 ** from, 10 ** to];
}

function decadesBetween(from: number, to: number): number[] {
  const decades: number[] = [];
  for (let power = Math.ceil(from - 1e-9); power <= to + 1e-9; power += 1)
    decades.push(Number((10 ** power).toFixed(12)));
  return decades;
}
