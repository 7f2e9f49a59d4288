import { describe, expect, it } from 'vitest';
import { CACHED, FULL, formatMethod, halfWindow, parseMethod } from '../../../mmdit/attention/method.ts';

const ODD = ['cfg+full', 'cfg+cached', 'full+residual', 'arrow/8+cfg', 'cfg+', 'arrow/8+residual+residual'];

describe('method names', () => {
  it.each([
    ['full', FULL],
    ['cached', CACHED],
    ['arrow/8', { kind: 'arrow', fraction: 8 }],
    ['arrow/8+residual', { kind: 'arrow', fraction: 8, residual: true }],
    ['cfg', { kind: 'full', sharesGuidance: true }],
    ['cfg+arrow/16', { kind: 'arrow', fraction: 16, sharesGuidance: true }],
    ['cfg+arrow/16+residual', { kind: 'arrow', fraction: 16, sharesGuidance: true, residual: true }],
  ] as const)('%s is read and written', (name, method) => {
    expect(parseMethod(name)).toEqual(method);
    expect(formatMethod(method)).toBe(name);
  });

  it.each(['', 'Full', 'arrow', 'arrow/0', 'arrow/08', 'arrow/8 ', 'arrow/10000', 'arrow/1.5', ...ODD])(
    '"%s" is none',
    (name) => {
      expect(() => parseMethod(name)).toThrow(RangeError);
    },
  );
});

describe('halfWindow', () => {
  it('is floor(imageTokens / 2F)', () => {
    expect(halfWindow(8, 1024)).toBe(64);
    expect(halfWindow(32, 1000)).toBe(15);
  });
});
