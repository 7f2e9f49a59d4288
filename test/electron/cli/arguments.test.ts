import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { parseCandidates } from '../../../electron/cli/arguments/candidates.ts';
import {
  headConstraintOf,
  parseAmount,
  parseCount,
  parseHeadConstraint,
  parseSeed,
} from '../../../electron/cli/arguments/numbers.ts';
import { parseSize } from '../../../electron/cli/arguments/size.ts';

describe('numbers', () => {
  it('takes what people write', () => {
    expect(parseCount('20')).toBe(20);
    expect(parseSeed('4294967295')).toBe(2 ** 32 - 1);
    expect(parseSeed('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
    expect(parseAmount('.5')).toBe(0.5);
    expect(parseAmount('1e-3')).toBe(0.001);
    expect(headConstraintOf(parseHeadConstraint('none'))).toBeNull();
    expect(headConstraintOf(parseHeadConstraint('1.5'))).toBe(1.5);
  });

  it.each([
    [parseCount, '0', /at least 1/],
    [parseCount, '-3', /at least 1/],
    [parseCount, '2.5', /whole number/],
    [parseCount, '', /whole number/],
    [parseCount, 'Infinity', /whole number/],
    [parseCount, '0x10', /whole number/],
    [parseSeed, '-1', /from 0 to 9007199254740991/],
    [parseSeed, '18446744073709551615', /too large.*9007199254740991/],
    [parseAmount, 'NaN', /must be a number/],
    [parseAmount, 'Infinity', /must be a number/],
    [parseAmount, '1e999', /must be a number/],
    [parseAmount, '', /must be a number/],
    [parseAmount, '-0.1', /not be negative/],
    [parseHeadConstraint, 'None', /or none/],
    [parseHeadConstraint, '-1', /not negative/],
  ])('%o refuses "%s"', (parse: (text: string) => unknown, text, message) => {
    expect(() => parse(text)).toThrow(InvalidArgumentError);
    expect(() => parse(text)).toThrow(message);
  });
});

describe('sizes', () => {
  it.each([
    ['512x256', 512, 256],
    ['640×384', 640, 384],
    ['64 x 32', 64, 32],
    ['128', 128, 128],
  ])('reads %s', (text, width, height) => {
    expect(parseSize(text)).toEqual({ width, height });
  });

  it.each(['', 'x', '512x', '0x0', '512x0', '-512x512', '512x512x3', '1e3x512', '99999999x8'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseSize(text)).toThrow(/WIDTHxHEIGHT/);
    },
  );
});

describe('candidates', () => {
  it('reads a list in the order given', () => {
    expect(parseCandidates('arrow/16, cached')).toEqual([{ kind: 'arrow', fraction: 16 }, { kind: 'cached' }]);
  });

  it.each([
    ['', /"" is no method/],
    ['arrow/8,,cached', /"" is no method/],
    ['arrow/0', /"arrow\/0" is no method/],
    ['full,arrow/8', /full is always offered/],
    ['arrow/8,arrow/8', /arrow\/8 is given twice/],
  ])('refuses "%s"', (text, message) => {
    expect(() => parseCandidates(text)).toThrow(message);
  });
});
