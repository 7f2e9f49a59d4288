import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logFloat32, sinCosFloat32 } from '../../../mmdit/random/cephes-float32.ts';

describe('float32 functions', () => {
  it('agree with the exact logarithm to float32', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 24 }), (n) => {
        const exact = Math.log(n / 2 ** 24);
        expect(Math.abs(logFloat32(n / 2 ** 24) - exact)).toBeLessThanOrEqual(1e-7 * Math.max(1, Math.abs(exact)));
      }),
    );
    expect(logFloat32(1)).toBeCloseTo(0, 10);
  });

  it('agree with the exact sine and cosine to float32, over a whole turn', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 24 - 1 }), (n) => {
        const angle = Math.fround((Math.fround(2 * Math.PI) * n) / 2 ** 24);
        const [sin, cos] = sinCosFloat32(angle);
        expect(Math.abs(sin - Math.sin(angle))).toBeLessThan(1.5e-7);
        expect(Math.abs(cos - Math.cos(angle))).toBeLessThan(1.5e-7);
      }),
    );
  });
});
