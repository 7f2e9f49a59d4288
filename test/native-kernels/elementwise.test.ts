import { describe, expect, test } from 'vitest';
import {
  activation,
  gatedResidual,
  headwiseRse,
  layerNormModulate,
  qkNormRope,
  type Rows,
  rmsNorm,
  rowsOf,
} from '../../native-kernels/index.ts';
import { relativeError } from './naive-attention.ts';
import { randomFloats } from './random-floats.ts';

const POISON = 1e30;
const EPS = 1e-6;
// Below, at and above a vector of any instruction set; more rows than one task takes.
const WIDTHS = [1, 3, 16, 37, 64, 100];
const [BATCH, TOKENS] = [2, 19];

/** Rows as columns of a wider array, in the midst of other values. */
function scattered(
  rows: number,
  width: number,
  seed: number,
): Rows & { readonly at: (row: number, i: number) => number } {
  const [offset, stride] = [3, width + 7];
  const data = randomFloats(offset + rows * stride, seed, 2);
  return { data, offset, stride, at: (row, i) => data[offset + row * stride + i]! };
}

function each(rows: number, width: number, value: (row: number, i: number) => number): Float64Array {
  return Float64Array.from({ length: rows * width }, (_, n) => value(Math.floor(n / width), n % width));
}

function mean(count: number, value: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += value(i);
  return sum / count;
}

describe.each(WIDTHS)('%i channels', (channels) => {
  const rows = BATCH * TOKENS;

  test('layerNormModulate', async () => {
    const x = scattered(rows, channels, 31);
    const [shift, scale] = [scattered(BATCH, channels, 32), scattered(BATCH, channels, 33)];
    const out = new Float32Array(rows * channels).fill(POISON);
    await layerNormModulate({ x, shift, scale, batch: BATCH, tokens: TOKENS, channels, eps: EPS, out });
    const expected = each(rows, channels, (row, i) => {
      const middle = mean(channels, (c) => x.at(row, c));
      const spread = Math.sqrt(mean(channels, (c) => (x.at(row, c) - middle) ** 2) + EPS);
      const batch = Math.floor(row / TOKENS);
      return ((x.at(row, i) - middle) / spread) * (1 + scale.at(batch, i)) + shift.at(batch, i);
    });
    expect(relativeError(out, expected)).toBeLessThan(1e-6);
  });

  test('rmsNorm', async () => {
    const x = scattered(rows, channels, 34);
    const weight = randomFloats(channels, 35);
    const out = new Float32Array(rows * channels).fill(POISON);
    await rmsNorm({ x, rows, channels, weight, eps: EPS, out });
    const expected = each(rows, channels, (row, i) => {
      const size = Math.sqrt(mean(channels, (c) => x.at(row, c) ** 2) + EPS);
      return (x.at(row, i) / size) * weight[i]!;
    });
    expect(relativeError(out, expected)).toBeLessThan(1e-6);
  });

  test('gatedResidual', async () => {
    const [x, gate] = [scattered(rows, channels, 36), scattered(BATCH, channels, 37)];
    const residual = randomFloats(rows * channels, 38);
    const before = residual.slice();
    await gatedResidual({ residual, x, gate, batch: BATCH, tokens: TOKENS, channels });
    const expected = each(
      rows,
      channels,
      (row, i) => before[row * channels + i]! + gate.at(Math.floor(row / TOKENS), i) * x.at(row, i),
    );
    expect(relativeError(residual, expected)).toBeLessThan(1e-6);
  });

  test.each(['gelu-tanh', 'silu'] as const)('%s, beside values that stay', async (kind) => {
    const x = scattered(rows, channels, 39);
    const out = { data: new Float32Array(x.data.length).fill(POISON), offset: x.offset, stride: x.stride };
    await activation({ x, out, rows, channels, kind });
    const gelu = (v: number) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)));
    const silu = (v: number) => v / (1 + Math.exp(-v));
    const expected = Float64Array.from(out.data, (_, n) => {
      const [row, i] = [Math.floor((n - x.offset) / x.stride), (n - x.offset) % x.stride];
      if (n < x.offset || i >= channels) return Math.fround(POISON);
      return (kind === 'silu' ? silu : gelu)(x.at(row, i));
    });
    expect(out.data.filter((value) => value === Math.fround(POISON)).length).toBe(x.data.length - rows * channels);
    const written = (_: number, n: number) => expected[n] !== Math.fround(POISON);
    expect(relativeError(out.data.filter(written), expected.filter(written))).toBeLessThan(1e-6);
  });
});

test.each(['gelu-tanh', 'silu'] as const)('%s in place, far from zero and at not-a-number', async (kind) => {
  const data = Float32Array.of(-1e30, -200, -88, 88, 200, 1e12, 0, Number.NaN, -0);
  const rows = rowsOf(data, data.length);
  await activation({ x: rows, out: rows, rows: 1, channels: data.length, kind });
  expect([...data].map((value) => value + 0)).toEqual([
    expect.closeTo(0, 30),
    expect.closeTo(0, 30),
    expect.closeTo(0, 30),
    88,
    200,
    Math.fround(1e12),
    0,
    Number.NaN,
    0,
  ]);
});

describe.each([
  ['norm and rotation', true, true],
  ['norm alone', true, false],
  ['rotation alone', false, true],
  ['neither', false, false],
] as const)('qkNormRope with %s', (_, norm, rotate) => {
  const [heads, dim, jointTokens, tokenOffset] = [3, 10, 30, 7];
  const width = heads * dim;
  const qkv = scattered(BATCH * TOKENS, 3 * width, 41);
  const [normQ, normK] = norm ? [randomFloats(dim, 42), randomFloats(dim, 43)] : [null, null];
  const rope = rotate ? randomFloats(TOKENS * dim, 44) : null;

  function expectedAt(weight: Float32Array | null, column: number, row: number, i: number, rotated: boolean): number {
    const [head, d] = [Math.floor(i / dim), i % dim];
    const raw = (c: number) => qkv.at(row, column * width + head * dim + c);
    const size = Math.sqrt(mean(dim, (c) => raw(c) ** 2) + EPS);
    const normed = (c: number) => (weight ? (raw(c) / size) * weight[c]! : raw(c));
    if (!rope || !rotated) return normed(d);
    const pair = (row % TOKENS) * dim + d - (d % 2);
    const [cosine, sine] = [rope[pair]!, rope[pair + 1]!];
    return normed(d) * cosine + (d % 2 === 0 ? -normed(d + 1) : normed(d - 1)) * sine;
  }

  test('fills its part of the joint tensors and no more', async () => {
    const joint = () => new Float32Array(BATCH * jointTokens * width).fill(POISON);
    const [q, k, v] = [joint(), joint(), joint()];
    const sizes = { batch: BATCH, tokens: TOKENS, heads, dim, jointTokens, tokenOffset };
    await qkNormRope({ qkv, ...sizes, normQ, normK, eps: EPS, rope, q, k, v });
    for (const [column, [tensor, weight]] of (
      [
        [q, normQ],
        [k, normK],
        [v, null],
      ] as const
    ).entries()) {
      const expected: number[] = [];
      const actual: number[] = [];
      for (const [n, value] of tensor.entries()) {
        const token = (Math.floor(n / width) % jointTokens) - tokenOffset;
        if (token < 0 || token >= TOKENS) {
          expect(value).toBe(Math.fround(POISON));
          continue;
        }
        const row = Math.floor(n / width / jointTokens) * TOKENS + token;
        expected.push(expectedAt(column < 2 ? weight : null, column, row, n % width, column < 2));
        actual.push(value);
      }
      expect(relativeError(actual, expected)).toBeLessThan(1e-6);
    }
  });
});

describe('headwiseRse', () => {
  const shape = { batch: 2, tokens: 50, heads: 4, dim: 24 };
  const count = 2 * 50 * 4 * 24;

  test('is that of float64, a large mean beside a small spread too', async () => {
    const yFull = randomFloats(count, 51).map((value) => value + 1000);
    const noise = randomFloats(count, 52, 0.1);
    const y = yFull.map((value, n) => value + noise[n]!);
    const rse = await headwiseRse({ ...shape, y, yFull });
    for (let head = 0; head < 4; head++) {
      const ofHead = (_: number, n: number) => Math.floor(n / 24) % 4 === head;
      const [a, b] = [y.filter(ofHead), yFull.filter(ofHead)];
      const middle = mean(b.length, (i) => b[i]!);
      const expected = mean(b.length, (i) => (a[i]! - b[i]!) ** 2) / mean(b.length, (i) => (b[i]! - middle) ** 2);
      expect(Math.abs(rse[head]! / expected - 1)).toBeLessThan(1e-9);
    }
  });

  test('of equal outputs is 0, constant ones among them; of another constant infinite; of NaN, NaN', async () => {
    const yFull = randomFloats(count, 53);
    const fill = (head: number, value: number, into: Float32Array) => {
      for (let row = 0; row < 100; row++) into.fill(value, (row * 4 + head) * 24, (row * 4 + head + 1) * 24);
    };
    fill(1, 5, yFull);
    fill(2, 5, yFull);
    const y = yFull.slice();
    fill(2, 6, y);
    fill(3, Number.NaN, y);
    expect([...(await headwiseRse({ ...shape, y, yFull }))]).toEqual([0, 0, Number.POSITIVE_INFINITY, Number.NaN]);
  });
});

test('no rows: nothing is written', async () => {
  const out = new Float32Array(4).fill(POISON);
  const x = rowsOf(new Float32Array(0), 4);
  await rmsNorm({ x, rows: 0, channels: 4, weight: new Float32Array(4), eps: EPS, out });
  expect([...out]).toEqual(Array(4).fill(Math.fround(POISON)));
});
