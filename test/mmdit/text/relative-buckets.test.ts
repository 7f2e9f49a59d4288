import { expect, test } from 'vitest';
import { relativeBuckets } from '../../../mmdit/text/relative-buckets.ts';

test('buckets of T5: exact near the query, logarithmic beyond, capped at the longest distance', () => {
  const tokens = 200;
  const table = relativeBuckets(tokens, 32, 128);
  const bucket = (query: number, key: number) => table[query * tokens + key];
  expect(
    [0, 1, 7, 8, 11, 12, 15, 16, 22, 23, 32, 33, 45, 46, 64, 90, 91, 128, 199].map((d) => bucket(199, 199 - d)),
  ).toEqual([0, 1, 7, 8, 8, 9, 9, 10, 10, 11, 12, 12, 12, 13, 14, 14, 15, 15, 15]);
  expect(bucket(0, 1)).toBe(17);
  expect(bucket(0, 199)).toBe(31);
});
