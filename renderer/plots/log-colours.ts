/** Cividis (Nuñez, Anderton and Renslow 2018), dark to light: even in brightness, the same for any colour vision. */
const CIVIDIS: readonly (readonly [number, string])[] = [
  [0, '#00224e'],
  [0.125, '#123570'],
  [0.25, '#3b496c'],
  [0.375, '#575d6d'],
  [0.5, '#707173'],
  [0.625, '#8a8678'],
  [0.75, '#a59c74'],
  [0.875, '#c3b369'],
  [1, '#fee838'],
];

export const SEQUENTIAL: [number, string][] = CIVIDIS.map(([at, colour]) => [at, colour]);

/** Bounds of a logarithmic colour scale, in powers of ten. */
export interface LogRange {
  readonly min: number;
  readonly max: number;
}

/** More decades than this are told apart by nobody. */
const MAX_DECADES = 6;

/** The range of all positive finite values, at most six decades below the largest. */
export function logRange(values: Float32Array): LogRange {
  let least = Number.POSITIVE_INFINITY;
  let largest = 0;
  for (const value of values) {
    if (!(value > 0 && value < Number.POSITIVE_INFINITY)) continue;
    if (value < least) least = value;
    if (value > largest) largest = value;
  }
  if (largest === 0) return { min: -4, max: 0 };
  const max = Math.log10(largest);
  // At least a decade, so that a table of nearly equal values does not look full of contrast.
  return { min: Math.min(max - 1, Math.max(Math.log10(least), max - MAX_DECADES)), max };
}

/** log10 within the range; NaN stays NaN, which is "not possible". */
export function toLog(value: number, { min, max }: LogRange): number {
  if (Number.isNaN(value)) return Number.NaN;
  return Math.min(max, Math.max(min, Math.log10(value)));
}

/** Whole decades within the range, with labels such as "10⁻²" or "0.01". */
export function logTicks({ min, max }: LogRange): { readonly values: number[]; readonly labels: string[] } {
  const values = Array.from({ length: Math.floor(max) - Math.ceil(min) + 1 }, (_, n) => Math.ceil(min) + n);
  const shown = values.length > 0 ? values : [min, max];
  return { values: shown, labels: shown.map((power) => String(Number((10 ** power).toPrecision(2)))) };
}
