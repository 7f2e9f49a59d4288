import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type KernelTokenLayout, keptKeyRanges, keptPairs } from '../../native-kernels/index.ts';
import { isKept } from './naive-mask.ts';

const anyMask = fc.record({
  layout: fc.record({
    text: fc.integer({ min: 0, max: 40 }),
    image: fc.integer({ min: 0, max: 80 }),
    order: fc.constantFrom<KernelTokenLayout['order']>('text-first', 'image-first'),
  }),
  halfWindow: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constant(2 ** 31 - 1)),
  block: fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 })),
});

test('kept ranges are exactly the pairs of the brute-force mask', () => {
  fc.assert(
    fc.property(anyMask, ({ layout, halfWindow, block }) => {
      const tokens = layout.text + layout.image;
      const ranges = keptKeyRanges(layout, halfWindow, block);
      expect(ranges.length).toBe(Math.ceil(tokens / block[0]) * 4);
      let pairs = 0;
      for (let i = 0; i < tokens; i++) {
        const [a, b, c, d] = ranges.subarray(Math.floor(i / block[0]) * 4);
        for (let j = 0; j < tokens; j++) {
          const visited = (j >= a! && j < b!) || (j >= c! && j < d!);
          if (visited !== isKept(layout, halfWindow, block, i, j)) return false;
          if (visited) pairs++;
        }
      }
      return keptPairs(layout, halfWindow, block) === pairs;
    }),
    { numRuns: 150 },
  );
});

test('ranges ascend, stay inside the tokens and never touch', () => {
  fc.assert(
    fc.property(anyMask, ({ layout, halfWindow, block }) => {
      const ranges = keptKeyRanges(layout, halfWindow, block);
      for (let m = 0; m < ranges.length; m += 4) {
        const [a, b, c, d] = ranges.subarray(m, m + 4);
        expect(a).toBeLessThan(b!);
        expect(Math.max(b!, d!)).toBeLessThanOrEqual(layout.text + layout.image);
        if (d !== 0) expect([b! < c!, c! < d!]).toEqual([true, true]);
      }
    }),
    { numRuns: 300 },
  );
});

test('a wider window keeps all that a narrower one keeps', () => {
  fc.assert(
    fc.property(anyMask, fc.nat(50), ({ layout, halfWindow, block }, more) => {
      const narrow = keptPairs(layout, halfWindow, block);
      const wide = keptPairs(layout, halfWindow + more, block);
      expect(wide).toBeGreaterThanOrEqual(narrow);
      expect(wide).toBeLessThanOrEqual((layout.text + layout.image) ** 2);
    }),
    { numRuns: 200 },
  );
});

test('at FLUX size the counts are those of the published block mask', () => {
  // 2048²: 512 text + 16384 image tokens, arrow/8 on 128 × 64 blocks; 4 text row blocks are dense.
  const layout = { text: 512, image: 16384, order: 'text-first' } as const;
  let pairs = 512 * 16896;
  for (let m = 4; m < 132; m++) {
    const begin = Math.max(0, Math.floor((m * 128 - 1024) / 64) * 64);
    const end = Math.min(16896, Math.ceil(((m + 1) * 128 + 1024) / 64) * 64);
    pairs += 128 * (end - begin + (begin > 512 ? 512 : begin));
  }
  expect(keptPairs(layout, 1024, [128, 64])).toBe(pairs);
});
