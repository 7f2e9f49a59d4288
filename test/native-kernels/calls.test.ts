import { afterEach, describe, expect, test } from 'vitest';
import {
  attentionMap,
  cpuInfo,
  FULL_HEAD,
  type HeadwiseAttentionArgs,
  headwiseAttention,
  KernelArgumentError,
  keptKeyRanges,
  layerNormModulate,
  measureAttention,
  qkNormRope,
  rmsNorm,
  rowsOf,
  setThreads,
} from '../../native-kernels/index.ts';
import { randomFloats } from './random-floats.ts';

const threads = cpuInfo().threads;
afterEach(() => setThreads(threads));

const SHAPE = {
  batch: 1,
  heads: 2,
  dim: 8,
  layout: { text: 4, image: 12, order: 'text-first' },
  block: [4, 4],
} as const;
const COUNT = 16 * 2 * 8;

function attentionArgs(): HeadwiseAttentionArgs {
  const [q, k, v] = [randomFloats(COUNT, 61), randomFloats(COUNT, 62), randomFloats(COUNT, 63)];
  return { ...SHAPE, q, k, v, out: new Float32Array(COUNT), halfWindows: Int32Array.of(FULL_HEAD, 2) };
}

/** A call that takes hundreds of milliseconds, so that what follows happens while it runs. */
function longCall(signal: AbortSignal) {
  const [tokens, heads, dim] = [6000, 8, 64];
  const tensor = new Float32Array(tokens * heads * dim).fill(0.01);
  const layout = { text: 0, image: tokens, order: 'text-first' } as const;
  const shape = { batch: 1, heads, dim, layout, block: [32, 32] as const, q: tensor, k: tensor, v: tensor, signal };
  return { ...shape, out: new Float32Array(tensor.length), halfWindows: new Int32Array(heads).fill(FULL_HEAD) };
}

describe('a wrong argument is named, with what was expected and found', () => {
  const floats = new Float32Array(COUNT);
  const detached = new Float32Array(COUNT);
  structuredClone(detached, { transfer: [detached.buffer] });
  const resizable = new Float32Array(new ArrayBuffer(COUNT * 4, { maxByteLength: COUNT * 8 }));

  test.each<[string, object, RegExp]>([
    ['too short', { q: new Float32Array(COUNT - 1) }, /"q": expected at least 256 elements, found 255/],
    ['of another type', { k: new Float64Array(COUNT) }, /"k": expected a Float32Array, found Float64Array/],
    ['a plain array', { v: [1, 2, 3] }, /"v": expected a Float32Array, found Array/],
    ['missing', { v: undefined }, /"v": expected a Float32Array, found undefined/],
    ['detached', { q: detached }, /"q": expected at least 256 elements, found 0/],
    ['resizable', { k: resizable }, /"k": expected an array of fixed size, found one on a resizable ArrayBuffer/],
    ['output too short', { out: new Float32Array(8) }, /"out": expected at least 256 elements, found 8/],
    ['output over input', { q: floats, out: floats }, /"out": expected memory apart from "q", found an overlap/],
    ['windows too few', { halfWindows: Int32Array.of(1) }, /"halfWindows": expected at least 2 elements, found 1/],
    [
      'window unknown',
      { halfWindows: Int32Array.of(1, -3) },
      /"halfWindows": expected values of at least -2, found -3/,
    ],
    [
      'windows as floats',
      { halfWindows: Float32Array.of(1, 1) },
      /"halfWindows": expected a Int32Array, found Float32Array/,
    ],
    ['dim not a multiple of 8', { dim: 12 }, /"dim": expected a multiple of 8, found 12/],
    ['dim too large', { dim: 264 }, /"dim": expected an integer from 8 to 256, found 264/],
    ['dim as text', { dim: '8' }, /"dim": expected an integer/],
    ['heads fractional', { heads: 1.5 }, /"heads": expected an integer.*found 1.5/],
    ['batch zero', { batch: 0 }, /"batch": expected an integer from 1/],
    ['tokens negative', { layout: { ...SHAPE.layout, text: -1 } }, /"layout.text": expected an integer from 0/],
    [
      'order unknown',
      { layout: { ...SHAPE.layout, order: 'mixed' } },
      /"layout.order": expected "text-first" or "image-first", found mixed/,
    ],
    ['block zero', { block: [0, 4] }, /"block\[0\]": expected an integer from 1/],
    ['block incomplete', { block: [4] }, /"block\[1\]": expected an integer from 1.*found undefined/],
    ['stride inside a token', { tokenStride: 15 }, /"tokenStride": expected an integer from 16/],
    ['stride beyond memory', { tokenStride: 2 ** 52 }, /"q": expected sizes whose product fits/],
    ['stride beyond the array', { tokenStride: 17 }, /"q": expected at least 271 elements, found 256/],
    ['scale infinite', { scale: Number.POSITIVE_INFINITY }, /"scale": expected a finite number, found Infinity/],
  ])('%s', async (_, change, message) => {
    const call = headwiseAttention({ ...attentionArgs(), ...change } as HeadwiseAttentionArgs);
    await expect(call).rejects.toThrow(KernelArgumentError);
    await expect(call).rejects.toThrow(message);
  });

  test('sizes that overflow', async () => {
    const huge = { batch: 2 ** 20, heads: 2 ** 20, layout: { text: 0, image: 2 ** 30, order: 'text-first' } as const };
    const call = headwiseAttention({ ...attentionArgs(), ...huge });
    await expect(call).rejects.toThrow(/expected sizes whose product fits/);
    const both = { text: 2 ** 30, image: 2 ** 30, order: 'text-first' } as const;
    expect(() => keptKeyRanges(both, 1, [2 ** 30, 1])).toThrow(/"layout.text \+ layout.image"/);
    await expect(
      layerNormModulate({
        ...{ batch: 2 ** 30, tokens: 2 ** 30, channels: 8, eps: 0, out: floats },
        ...{ x: rowsOf(floats, 8), shift: rowsOf(floats, 8), scale: rowsOf(floats, 8) },
      }),
    ).rejects.toThrow(KernelArgumentError);
  });

  test('in the other kernels', async () => {
    const { q, k, v } = attentionArgs();
    const measure = { ...SHAPE, q, k, v, references: [], halfWindows: Int32Array.of(1) };
    await expect(measureAttention({ ...measure, references: [new Float32Array(1)] })).rejects.toThrow(
      /"references\[0\]"/,
    );
    await expect(measureAttention({ ...measure, residuals: [new Float32Array(1)] })).rejects.toThrow(
      /"residuals\[0\]"/,
    );
    await expect(measureAttention({ ...measure, residuals: [] })).rejects.toThrow(/one per candidate \(1\)/);
    await expect(measureAttention({ ...measure, halfWindows: Int32Array.of(FULL_HEAD) })).rejects.toThrow(
      /"halfWindows"/,
    );
    const map = { ...SHAPE, q, k, batchIndex: 0, head: 0, cell: 2, halfWindows: Int32Array.of(1) };
    await expect(attentionMap({ ...map, head: 2 })).rejects.toThrow(/"head": expected an integer from 0 to 1, found 2/);
    await expect(attentionMap({ ...map, batchIndex: 1 })).rejects.toThrow(/"batchIndex"/);
    await expect(attentionMap({ ...map, cell: 0 })).rejects.toThrow(/"cell"/);
    const norm = { rows: 4, channels: 8, weight: floats, eps: 1e-6, out: floats };
    await expect(rmsNorm({ ...norm, x: { data: floats, offset: 240, stride: 8 } })).rejects.toThrow(/"x"/);
    await expect(rmsNorm({ ...norm, x: { data: floats, offset: 0, stride: 7 } })).rejects.toThrow(/"x.stride"/);
    const joint = { batch: 1, tokens: 8, heads: 1, dim: 2, normQ: null, normK: null, eps: 0, rope: null };
    const qkv = { ...joint, qkv: rowsOf(floats, 6), q, k, v };
    await expect(qkNormRope({ ...qkv, jointTokens: 8, tokenOffset: 1 })).rejects.toThrow(/"tokenOffset"/);
    expect(() => setThreads(0)).toThrow(KernelArgumentError);
    expect(() => setThreads(5000)).toThrow(KernelArgumentError);
  });
});

test('arrays on a SharedArrayBuffer and views at an offset are as good as others', async () => {
  const args = attentionArgs();
  await headwiseAttention(args);
  const shared = (values: Float32Array) => {
    const array = new Float32Array(new SharedArrayBuffer(values.byteLength + 12), 12, values.length);
    array.set(values);
    return array;
  };
  const out = new Float32Array(new ArrayBuffer(COUNT * 4 + 20), 20, COUNT);
  await headwiseAttention({ ...args, q: shared(args.q), k: shared(args.k), v: shared(args.v), out });
  expect(out).toEqual(args.out);
});

describe('cancelling', () => {
  test('before the start: nothing runs', async () => {
    const args = { ...attentionArgs(), signal: AbortSignal.abort(new Error('no longer wanted')) };
    await expect(headwiseAttention(args)).rejects.toThrow('no longer wanted');
    expect(args.out.every((value) => value === 0)).toBe(true);
  });

  test.each(['headwiseAttention', 'measureAttention', 'attentionMap'] as const)('%s while it runs', async (name) => {
    const controller = new AbortController();
    const args = longCall(controller.signal);
    const starts = {
      headwiseAttention: () => headwiseAttention(args),
      measureAttention: () => measureAttention({ ...args, halfWindows: Int32Array.of(500), references: [] }),
      attentionMap: () => attentionMap({ ...args, batchIndex: 0, head: 0, cell: 4, halfWindows: Int32Array.of(500) }),
    };
    const call = starts[name]();
    const reason = new Error('stopped by hand');
    setTimeout(() => controller.abort(reason), 5);
    await expect(call).rejects.toBe(reason);
    // The kernels are none the worse for it.
    const next = attentionArgs();
    await headwiseAttention(next);
    expect(next.out.some((value) => value !== 0)).toBe(true);
  });

  test('a signal that comes too late changes nothing', async () => {
    const controller = new AbortController();
    const args = { ...attentionArgs(), signal: controller.signal };
    await headwiseAttention(args);
    controller.abort();
    const again = attentionArgs();
    await headwiseAttention(again);
    expect(args.out).toEqual(again.out);
  });
});

test('calls at once give what they give one by one, while the threads change', async () => {
  const expected = attentionArgs();
  await headwiseAttention(expected);
  for (const count of [3, 1, 4]) {
    const calls = Array.from({ length: 12 }, attentionArgs);
    const running = calls.map((args) => headwiseAttention(args));
    setThreads(count);
    expect(cpuInfo().threads).toBe(count);
    await Promise.all(running);
    for (const args of calls) expect(args.out).toEqual(expected.out);
  }
});

test('memory that the system does not have rejects the promise', async () => {
  // Scratch of cells² is refused in JavaScript, or by the allocator in C++: never an abort.
  const image = 2 ** 20;
  const tensor = new Float32Array(image * 8);
  const layout = { text: 0, image, order: 'text-first' } as const;
  const shape = { batch: 1, heads: 1, dim: 8, layout, block: [32, 32] as const, q: tensor, k: tensor };
  const halfWindows = Int32Array.of(1);
  await expect(attentionMap({ ...shape, batchIndex: 0, head: 0, cell: 1, halfWindows })).rejects.toThrow(RangeError);
});
