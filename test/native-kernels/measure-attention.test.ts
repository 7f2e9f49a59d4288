import { afterEach, describe, expect, test } from 'vitest';
import {
  cpuInfo,
  FULL_HEAD,
  headwiseAttention,
  headwiseRse,
  type KernelErrorSums,
  measureAttention,
  setThreads,
} from '../../native-kernels/index.ts';
import { naiveAttention } from './naive-attention.ts';
import { randomFloats } from './random-floats.ts';

const threads = cpuInfo().threads;
afterEach(() => setThreads(threads));

const [BATCH, HEADS, DIM] = [2, 3, 40];

function inputsOf(text: number, image: number, order: 'text-first' | 'image-first') {
  const count = BATCH * (text + image) * HEADS * DIM;
  return {
    q: randomFloats(count, 11, 2),
    k: randomFloats(count, 12, 2),
    v: randomFloats(count, 13),
    ...{ batch: BATCH, heads: HEADS, dim: DIM, block: [16, 24] as const, layout: { text, image, order } },
  };
}

function variance(sums: KernelErrorSums, head: number): number {
  return sums.sumOfSquares[head]! - sums.sum[head]! ** 2 / sums.count;
}

describe.each([
  ['text-first', 21, 133],
  ['image-first', 21, 133],
  ['text-first', 0, 97],
  ['image-first', 50, 30],
] as const)('%s, %i text and %i image tokens', (order, text, image) => {
  // Unsorted, one of them twice, one as wide as everything.
  const halfWindows = Int32Array.of(33, 4, 0, 500, 4);

  test('equals every arrow on its own, compared by headwiseRse', async () => {
    const input = inputsOf(text, image, order);
    const references = [randomFloats(input.q.length, 14), randomFloats(input.q.length, 15)];
    const residual = randomFloats(input.q.length, 16);
    const residuals = [null, residual, residual, null, null];
    const sums = await measureAttention({ ...input, halfWindows, references, residuals });

    const attention = async (window: number) => {
      const out = new Float32Array(input.q.length);
      await headwiseAttention({ ...input, out, halfWindows: new Int32Array(HEADS).fill(window) });
      return out;
    };
    const shape = { batch: BATCH, tokens: text + image, heads: HEADS, dim: DIM };
    const yFull = await attention(FULL_HEAD);
    for (const [n, window] of halfWindows.entries()) {
      const rse = await headwiseRse({ ...shape, y: await attention(window), yFull });
      for (let head = 0; head < HEADS; head++) {
        const measured = sums.arrow[n]![head]! / variance(sums, head);
        // Keys are visited in another order, so the last bits differ: by 1e-12 of the variance where the window keeps all.
        expect(Math.abs(measured - rse[head]!)).toBeLessThan(1e-5 * rse[head]! + 1e-12);
      }
      const withResidual = sums.withResidual[n];
      expect(withResidual === null).toBe(residuals[n] === null);
      if (!withResidual) continue;
      const y = (await attention(window)).map((value, at) => value + residual[at]!);
      const expected = await headwiseRse({ ...shape, y, yFull });
      for (let head = 0; head < HEADS; head++)
        expect(withResidual[head]! / variance(sums, head) / expected[head]!).toBeCloseTo(1, 5);
    }
    for (const [n, y] of references.entries()) {
      const expected = await headwiseRse({ ...shape, y, yFull });
      for (let head = 0; head < HEADS; head++)
        expect(sums.references[n]![head]! / variance(sums, head) / expected[head]!).toBeCloseTo(1, 5);
    }
  });

  test('sums are those of float64', async () => {
    const input = inputsOf(text, image, order);
    const sums = await measureAttention({ ...input, halfWindows, references: [] });
    const heads = [0, 1, 2];
    const full = naiveAttention(input, [null, null, null]);
    const arrows = [...halfWindows].map((window) => naiveAttention(input, [window, window, window]));
    for (const head of heads) {
      const sumOf = (term: (index: number) => number) => {
        let sum = 0;
        for (let index = 0; index < full.length; index++)
          if (Math.floor(index / DIM) % HEADS === head) sum += term(index);
        return sum;
      };
      const squares = sumOf((index) => full[index]! ** 2);
      expect(Math.abs(sums.sumOfSquares[head]! / squares - 1)).toBeLessThan(1e-5);
      expect(Math.abs(sums.sum[head]! - sumOf((index) => full[index]!))).toBeLessThan(1e-4);
      for (const [n, arrow] of arrows.entries()) {
        const expected = sumOf((index) => (arrow[index]! - full[index]!) ** 2);
        expect(Math.abs(sums.arrow[n]![head]! - expected)).toBeLessThan(1e-5 * expected + 1e-12 * squares);
      }
    }
    expect(sums.references).toEqual([]);
    expect(sums.count).toBe(BATCH * (text + image) * DIM);
  });
});

test('the same bits on any number of threads', async () => {
  const input = inputsOf(21, 133, 'text-first');
  const measure = () =>
    measureAttention({ ...input, halfWindows: Int32Array.of(8, 30), references: [randomFloats(input.q.length, 15)] });
  const first = await measure();
  for (const count of [1, 3, 5]) {
    setThreads(count);
    expect(await measure()).toEqual(first);
  }
});

test('no candidates: full attention alone', async () => {
  const sums = await measureAttention({
    ...inputsOf(5, 20, 'text-first'),
    halfWindows: new Int32Array(0),
    references: [],
  });
  expect(sums.arrow).toEqual([]);
  expect(variance(sums, 0)).toBeGreaterThan(0);
});

test('a head with a not-a-number has no RSE; the others keep theirs', async () => {
  const input = inputsOf(10, 60, 'text-first');
  const clean = await measureAttention({ ...input, halfWindows: Int32Array.of(4), references: [] });
  input.v[69 * HEADS * DIM + DIM] = Number.NaN;
  const sums = await measureAttention({ ...input, halfWindows: Int32Array.of(4), references: [] });
  expect([...sums.arrow[0]!].map(Number.isNaN)).toEqual([false, true, false]);
  expect(sums.arrow[0]![2]).toBe(clean.arrow[0]![2]);
});
