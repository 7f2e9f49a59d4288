import { parseBound } from '../control-column/parse-bound.ts';

/** Several δ or c as a list of text, or what is wrong with it. */
export type ParsedValues = { readonly values: readonly (number | null)[] } | { readonly problem: string };

/** What the host takes at most. */
export const MAX_VALUES = 32;

/** "0.1, 0.2 0.4"; with `allowNone` also "none". Each value counts once. */
export function parseValues(text: string, allowNone: boolean): ParsedValues {
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  if (words.length === 0) return { problem: 'At least one value is needed' };
  const values: (number | null)[] = [];
  for (const word of words) {
    const parsed = parseBound(word, allowNone);
    if ('problem' in parsed) return { problem: `“${word}”: ${parsed.problem.toLowerCase()}` };
    if (!values.includes(parsed.value)) values.push(parsed.value);
  }
  if (values.length > MAX_VALUES) return { problem: `At most ${MAX_VALUES} values` };
  return { values };
}

/** `count` values from least to largest, evenly on a log scale, with two digits. */
export function logRangeValues(least: number, largest: number, count: number): readonly number[] {
  const step = count < 2 ? 0 : Math.log(largest / least) / (count - 1);
  const values = Array.from({ length: count }, (_, n) => Number((least * Math.exp(n * step)).toPrecision(2)));
  return [...new Set(values)];
}
