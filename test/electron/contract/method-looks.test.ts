import { describe, expect, it } from 'vitest';
import { inkOver, methodLooks, windowColours } from '../../../electron/contract/method-looks.ts';
import { difference, VISIONS } from './colour-vision.ts';

const WINDOWS = [8, 16, 32];
const PLAIN = ['full', ...WINDOWS.map((fraction) => `arrow/${fraction}`), 'cached'];
const ALL = [
  'full',
  'cfg',
  ...WINDOWS.flatMap((n) => [`arrow/${n}`, `arrow/${n}+residual`, `cfg+arrow/${n}`, `cfg+arrow/${n}+residual`]),
  'cached',
];

function pairs<T>(items: readonly T[]): [T, T][] {
  return items.flatMap((a, n) => items.slice(n + 1).map((b): [T, T] => [a, b]));
}

describe.each(Object.keys(VISIONS))('with %s', (name) => {
  const vision = VISIONS[name]!;
  const closest = (methods: readonly string[]) =>
    Math.min(...pairs(methodLooks(methods)).map(([a, b]) => difference(a.colour, b.colour, vision)));

  it('the usual methods are told apart at a glance, and so are six windows', () => {
    expect(closest(PLAIN)).toBeGreaterThan(9);
    expect(closest(['full', ...[2, 4, 8, 16, 32, 64].map((n) => `arrow/${n}`), 'cached'])).toBeGreaterThan(7);
  });

  it('every variant has a colour of its own, for cells without room for marks', () => {
    expect(closest(ALL)).toBeGreaterThan(3.5);
  });
});

describe('looks', () => {
  it('do not depend on the order of the methods', () => {
    expect(methodLooks(ALL.toReversed()).toReversed()).toEqual(methodLooks(ALL));
  });

  it('a window has one hue, and its variants have marks', () => {
    const methods = ['arrow/8', 'arrow/8+residual', 'cfg+arrow/8', 'cfg+arrow/8+residual', 'cfg', 'full'];
    const [alone, residual, shared, both, cfg, full] = methodLooks(methods);
    const window = windowColours(methods).get(8);
    expect(alone).toEqual({ colour: window, half: null, plus: null });
    expect(residual).toMatchObject({ half: null, plus: inkOver(window!) });
    expect(shared).toMatchObject({ half: window, plus: null });
    expect(both).toMatchObject({ half: window, plus: inkOver(window!) });
    expect(cfg).toMatchObject({ half: full!.colour, plus: null });
    expect(new Set([alone, residual, shared, both].map((look) => look!.colour)).size).toBe(4);
  });

  it('a window that is only used with a residual has its colour too, and a dozen have different ones', () => {
    expect([...windowColours(['cfg+arrow/4', 'arrow/2+residual']).keys()]).toEqual([2, 4]);
    const many = windowColours(Array.from({ length: 12 }, (_, n) => `arrow/${n + 1}`));
    expect(new Set(many.values()).size).toBe(12);
  });

  it('names that are no methods have colours of their own', () => {
    const [other, another] = methodLooks(['sliding/8', 'strided/2']);
    expect(other!.colour).not.toBe(another!.colour);
    expect(PLAIN.map((_, n) => methodLooks(PLAIN)[n]!.colour)).not.toContain(other!.colour);
  });
});
