import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decadesAround, logScale } from '../../../renderer/views/control-column/log-scale.ts';

test('ends, decades and "none" lie where they should', () => {
  const scale = logScale(1e-3, 10);
  expect(scale.last).toBe(160);
  expect(scale.value(0)).toBe(1e-3);
  expect(scale.value(scale.last)).toBe(10);
  expect(scale.decades).toEqual([0.001, 0.01, 0.1, 1, 10]);
  expect(scale.position(0)).toBe(0);
  expect(scale.position(100)).toBe(scale.last);
  const withNone = logScale(0.1, 24, true);
  expect(withNone.value(withNone.last)).toBeNull();
  expect(withNone.position(null)).toBe(withNone.last);
  expect(withNone.value(withNone.position(24))).toBe(24);
  expect(withNone.position(24)).toBeLessThan(withNone.last);
});

test('positions and values agree and rise together, whatever the range', () => {
  const ranges = fc.tuple(fc.double({ min: -6, max: 2, noNaN: true }), fc.double({ min: 0.5, max: 6, noNaN: true }));
  fc.assert(
    fc.property(ranges, fc.boolean(), ([from, decades], withNone) => {
      const scale = logScale(10 ** from, 10 ** (from + decades), withNone);
      let before = 0;
      for (let position = 0; position <= scale.last; position += 1) {
        const value = scale.value(position);
        if (value === null) continue;
        expect(value).toBeGreaterThanOrEqual(before);
        // Two significant digits are at most 5 % off, which is less than a position of 6 %.
        expect(Math.abs(scale.position(value) - position)).toBeLessThan(withNone ? 7 : 1.01);
        before = value;
      }
    }),
  );
});

test('a range widens by whole decades to hold its values', () => {
  expect(decadesAround([0.2], 1e-3, 10)).toEqual([1e-3, 10]);
  expect(decadesAround([0, Number.POSITIVE_INFINITY], 1e-3, 10)).toEqual([1e-3, 10]);
  expect(decadesAround([3e-5, 42], 1e-3, 10)).toEqual([1e-5, 100]);
  expect(decadesAround([1e-3, 100], 1e-3, 10)).toEqual([1e-3, 100]);
});
