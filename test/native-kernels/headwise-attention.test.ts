import { cpus } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import {
  CACHED_HEAD,
  cpuInfo,
  FULL_HEAD,
  headwiseAttention,
  type KernelTokenLayout,
  setThreads,
} from '../../native-kernels/index.ts';
import { naiveAttention, relativeError } from './naive-attention.ts';
import { randomFloats } from './random-floats.ts';

const POISON = 1e30;
const threads = cpuInfo().threads;
afterEach(() => setThreads(threads));

interface Shape {
  readonly name: string;
  readonly batch?: number;
  readonly heads: number;
  readonly dim: number;
  readonly text: number;
  readonly image: number;
  readonly block: readonly [number, number];
  readonly halfWindows: readonly number[];
}

const SHAPES: readonly Shape[] = [
  { name: 'one token', heads: 1, dim: 8, text: 0, image: 1, block: [1, 1], halfWindows: [0] },
  { name: 'text only', heads: 2, dim: 16, text: 19, image: 0, block: [8, 4], halfWindows: [3, FULL_HEAD] },
  { name: 'zero text: a plain band', heads: 2, dim: 24, text: 0, image: 131, block: [16, 8], halfWindows: [9, 0] },
  { name: 'odd lengths', heads: 3, dim: 40, text: 13, image: 118, block: [32, 32], halfWindows: [FULL_HEAD, 7, 29] },
  {
    name: 'blocks that straddle text and image',
    heads: 2,
    dim: 32,
    text: 37,
    image: 101,
    block: [24, 20],
    halfWindows: [5, 17],
  },
  { name: 'token-level mask', heads: 2, dim: 64, text: 11, image: 90, block: [1, 1], halfWindows: [4, 20] },
  {
    name: 'blocks larger than tiles and chunks',
    heads: 2,
    dim: 72,
    text: 30,
    image: 300,
    block: [128, 160],
    halfWindows: [10, 60],
  },
  { name: 'blocks larger than the sequence', heads: 1, dim: 8, text: 5, image: 40, block: [64, 64], halfWindows: [1] },
  { name: 'the widest head', heads: 1, dim: 256, text: 9, image: 70, block: [32, 16], halfWindows: [8] },
  {
    name: 'all methods and a batch',
    batch: 3,
    heads: 5,
    dim: 32,
    text: 21,
    image: 140,
    block: [32, 32],
    halfWindows: [FULL_HEAD, 8, CACHED_HEAD, 17, FULL_HEAD],
  },
];
const ORDERS: readonly KernelTokenLayout['order'][] = ['text-first', 'image-first'];

function inputsOf({ batch = 1, heads, dim, text, image, block }: Shape, order: KernelTokenLayout['order']) {
  const count = batch * (text + image) * heads * dim;
  return {
    q: randomFloats(count, 1, 2),
    k: randomFloats(count, 2, 2),
    v: randomFloats(count, 3),
    ...{ batch, heads, dim, block, layout: { text, image, order } },
  };
}

describe.each(ORDERS)('against float64, %s', (order) => {
  test.each(SHAPES)('$name', async (shape) => {
    const input = inputsOf(shape, order);
    const { heads, dim, halfWindows } = shape;
    const out = new Float32Array(input.q.length).fill(POISON);
    await headwiseAttention({ ...input, out, halfWindows: Int32Array.from(halfWindows) });

    const expected = naiveAttention(
      input,
      halfWindows.map((window) => (window < 0 ? null : window)),
    );
    for (const [head, window] of halfWindows.entries()) {
      const ofHead = (_: number, index: number) => Math.floor(index / dim) % heads === head;
      const actual = out.filter(ofHead);
      if (window === CACHED_HEAD) expect(actual.every((value) => value === Math.fround(POISON))).toBe(true);
      else expect(relativeError(actual, expected.filter(ofHead))).toBeLessThan(1e-5);
    }
  });
});

test('large and tiny scores stay accurate', async () => {
  const shape: Shape = { name: '', heads: 1, dim: 64, text: 4, image: 60, block: [8, 8], halfWindows: [FULL_HEAD] };
  const input = inputsOf(shape, 'text-first');
  for (const spread of [1e-20, 1e-3, 10]) {
    const q = input.q.map((value) => value * spread);
    const out = new Float32Array(input.q.length);
    await headwiseAttention({ ...input, q, out, halfWindows: Int32Array.of(FULL_HEAD) });
    expect(relativeError(out, naiveAttention({ ...input, q }, [null]))).toBeLessThan(spread > 1 ? 1e-4 : 1e-5);
  }
});

test('reads q, k and v as columns of one fused projection', async () => {
  const shape: Shape = {
    name: '',
    batch: 2,
    heads: 2,
    dim: 24,
    text: 7,
    image: 50,
    block: [16, 16],
    halfWindows: [6, -1],
  };
  const dense = inputsOf(shape, 'image-first');
  const width = 48;
  const tokenStride = 3 * width + 5;
  const fused = new Float32Array(2 * 57 * tokenStride).fill(POISON);
  for (const [column, tensor] of [dense.q, dense.k, dense.v].entries())
    for (let row = 0; row < 2 * 57; row++)
      fused.set(tensor.subarray(row * width, (row + 1) * width), row * tokenStride + column * width);
  const halfWindows = Int32Array.from(shape.halfWindows);
  const expected = new Float32Array(dense.q.length);
  await headwiseAttention({ ...dense, out: expected, halfWindows });

  const out = new Float32Array(dense.q.length);
  const [q, k, v] = [fused, fused.subarray(width), fused.subarray(2 * width)] as const;
  await headwiseAttention({ ...dense, q, k, v, tokenStride, out, halfWindows });
  expect(out).toEqual(expected);
});

test('bits depend neither on repetition nor on the number of threads', async () => {
  const input = inputsOf(SHAPES.at(-1)!, 'text-first');
  const halfWindows = Int32Array.of(FULL_HEAD, 8, 3, 17, FULL_HEAD);
  const results: Float32Array[] = [];
  for (const count of [1, 2, 3, Math.max(4, cpus().length), 1]) {
    setThreads(count);
    const out = new Float32Array(input.q.length);
    await headwiseAttention({ ...input, out, halfWindows });
    results.push(out);
  }
  for (const other of results.slice(1)) expect(other).toEqual(results[0]);
});

test('a head gives the same bits alone and among others', async () => {
  const input = inputsOf(SHAPES.at(-1)!, 'text-first');
  const together = new Float32Array(input.q.length);
  await headwiseAttention({ ...input, out: together, halfWindows: Int32Array.of(FULL_HEAD, 8, 3, 17, 5) });
  const alone = together.slice();
  await headwiseAttention({ ...input, out: alone, halfWindows: Int32Array.of(-2, -2, 3, -2, -2) });
  expect(alone).toEqual(together);
});

describe('not-a-number', () => {
  const shape: Shape = { name: '', heads: 1, dim: 32, text: 8, image: 120, block: [8, 8], halfWindows: [8] };
  const arrow = { out: () => new Float32Array(128 * 32).fill(POISON), halfWindows: Int32Array.of(8) };
  const badKey = 100;

  test.each(['q', 'k', 'v'] as const)(
    'in %s of a token shows where the arrow looks at it, and nowhere else',
    async (name) => {
      const input = inputsOf(shape, 'text-first');
      const clean = arrow.out();
      await headwiseAttention({ ...input, out: clean, halfWindows: arrow.halfWindows });
      input[name].fill(Number.NaN, badKey * 32, (badKey + 1) * 32);
      const out = arrow.out();
      await headwiseAttention({ ...input, out, halfWindows: arrow.halfWindows });
      for (let row = 0; row < 128; row++) {
        const values = out.subarray(row * 32, (row + 1) * 32);
        // Row block 12 holds the token; its band, and the bands that hold it, are the two blocks around it.
        const block = Math.floor(row / 8);
        const looks = name === 'q' ? row === badKey : row < 8 || Math.abs(block - 12) <= 1;
        if (looks) expect(values.every(Number.isNaN)).toBe(true);
        else expect(values).toEqual(clean.subarray(row * 32, (row + 1) * 32));
      }
    },
  );

  test('in one head stays in that head', async () => {
    const input = inputsOf({ ...shape, heads: 2 }, 'text-first');
    for (let token = 0; token < 128; token++) input.k.fill(Number.NaN, token * 64, token * 64 + 32);
    const out = new Float32Array(input.q.length);
    await headwiseAttention({ ...input, out, halfWindows: Int32Array.of(8, FULL_HEAD) });
    expect(out.every((value, index) => Number.isNaN(value) === index % 64 < 32)).toBe(true);
  });
});

describe('heads that share the guided half, and residuals', () => {
  const shape: Shape = { name: '', batch: 4, heads: 4, dim: 24, text: 9, image: 61, block: [16, 16], halfWindows: [] };
  const halfWindows = Int32Array.of(FULL_HEAD, 7, CACHED_HEAD, 7);
  const perSample = (shape.text + shape.image) * shape.heads * shape.dim;
  const headOf = (index: number) => Math.floor(index / shape.dim) % shape.heads;

  test('the first half of a sharing head is a copy of the second', async () => {
    const input = inputsOf(shape, 'image-first');
    const plain = new Float32Array(input.q.length).fill(POISON);
    const shared = plain.slice();
    await headwiseAttention({ ...input, out: plain, halfWindows });
    await headwiseAttention({ ...input, out: shared, halfWindows, sharesGuidance: Uint8Array.of(1, 0, 1, 1) });
    for (const [index, value] of shared.entries()) {
      const copied = [0, 3].includes(headOf(index)) && index < 2 * perSample;
      expect(value).toBe(plain[copied ? index + 2 * perSample : index]);
    }
  });

  test('a residual kept at a full step makes an arrow full again', async () => {
    const input = inputsOf(shape, 'text-first');
    const full = new Float32Array(input.q.length);
    await headwiseAttention({ ...input, out: full, halfWindows: new Int32Array(4).fill(FULL_HEAD) });
    const residual = new Float32Array(input.q.length).fill(POISON);
    const kept = { addends: [full], addendOf: Int32Array.of(-1, 0, 0, 0), subtract: true };
    const arrows = Int32Array.of(CACHED_HEAD, 7, CACHED_HEAD, 3);
    await headwiseAttention({ ...input, out: residual, halfWindows: arrows, combine: kept });
    for (const [index, value] of residual.entries())
      expect(value === Math.fround(POISON)).toBe([0, 2].includes(headOf(index)));
    const again = new Float32Array(input.q.length).fill(POISON);
    const added = { addends: [full, residual], addendOf: Int32Array.of(-1, 1, -1, 1), subtract: false };
    await headwiseAttention({ ...input, out: again, halfWindows: arrows, combine: added });
    for (const [index, value] of again.entries()) {
      if ([1, 3].includes(headOf(index))) expect(Math.abs(value - full[index]!)).toBeLessThan(1e-6);
      else expect(value).toBe(Math.fround(POISON));
    }
  });
});
