import { InvalidArgumentError } from 'commander';

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** A whole number of at least 1. Throws InvalidArgumentError, as commander's parsers do. */
export function parseCount(text: string): number {
  const value = parseWhole(text);
  if (value < 1) throw new InvalidArgumentError('It must be at least 1.');
  return value;
}

/** Seeds reach 2^53 − 1: torch takes them up to 2^64 − 1, a JavaScript number holds them exactly up to here. */
export function parseSeed(text: string): number {
  const value = parseWhole(text);
  if (value < 0) throw new InvalidArgumentError('A seed is a whole number from 0 to 9007199254740991 (2^53 - 1).');
  return value;
}

/** A finite number that is not negative. */
export function parseAmount(text: string): number {
  const value = DECIMAL.test(text.trim()) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) throw new InvalidArgumentError('It must be a number, such as 0.6.');
  if (value < 0) throw new InvalidArgumentError('It must not be negative.');
  return value;
}

/** The head constraint c as written: `none` stays a word, because commander turns a parser's null into ''. */
export type HeadConstraintText = number | 'none';

/** A number that is not negative, or none for no bound on a single head. */
export function parseHeadConstraint(text: string): HeadConstraintText {
  if (text === 'none') return 'none';
  const value = DECIMAL.test(text.trim()) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError('It must be a number that is not negative, such as 1.5, or none.');
  }
  return value;
}

export function headConstraintOf(text: HeadConstraintText): number | null {
  return text === 'none' ? null : text;
}

function parseWhole(text: string): number {
  const trimmed = text.trim();
  if (!/^[+-]?\d+$/.test(trimmed)) throw new InvalidArgumentError('It must be a whole number.');
  const value = Number(trimmed);
  if (!Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('It is too large: whole numbers go up to 9007199254740991 (2^53 - 1).');
  }
  return value;
}
