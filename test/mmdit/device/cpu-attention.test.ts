import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CACHED, FULL, type HeadMethod, halfWindow, parseMethod } from '../../../mmdit/attention/method.ts';
import { type TokenLayout, tokenCount } from '../../../mmdit/attention/token-layout.ts';
import { CpuDevice } from '../../../mmdit/device/cpu-device.ts';
import type { Tensor } from '../../../mmdit/device/device.ts';
import { ShapeError } from '../../../mmdit/device/shape-error.ts';

const LAYOUT: TokenLayout = { text: 5, image: 48, order: 'text-first' };
const [BATCH, HEADS, DIM] = [2, 3, 8];
const TOKENS = tokenCount(LAYOUT);
const SHAPE = [BATCH, TOKENS, HEADS, DIM];
const COUNT = BATCH * TOKENS * HEADS * DIM;
/** Blocks of one token: the mask is that of the definition, pair by pair. */
const BLOCK = [1, 1] as const;
const ARROW = { kind: 'arrow', fraction: 4 } as const;

const values = (seed: number) => Float32Array.from({ length: COUNT }, (_, i) => 2 * Math.sin((i + 1) * 12.9898 * seed));
const [q, k, v] = [values(1), values(2), values(3)];

let device: CpuDevice;
beforeAll(async () => {
  device = await CpuDevice.open();
});
afterAll(() => device.close());

const tensors = () => ({
  q: device.upload(q, SHAPE),
  k: device.upload(k, SHAPE),
  v: device.upload(v, SHAPE),
  layout: LAYOUT,
  block: BLOCK,
});

function isKept(method: HeadMethod, i: number, j: number): boolean {
  if (method.kind === 'full' || i < LAYOUT.text || j < LAYOUT.text) return true;
  return method.kind === 'arrow' && Math.abs(i - j) <= halfWindow(method.fraction, LAYOUT.image);
}

const at = (b: number, token: number, head: number) => ((b * TOKENS + token) * HEADS + head) * DIM;

function dot(i: number, j: number): number {
  let sum = 0;
  for (let d = 0; d < DIM; d++) sum += q[i + d]! * k[j + d]!;
  return sum;
}

/** Softmax weights of one query, in float64. */
function weights(method: HeadMethod, b: number, i: number, head: number): number[] {
  const scores = Array.from({ length: TOKENS }, (_, j) =>
    isKept(method, i, j) ? Math.exp(dot(at(b, i, head), at(b, j, head)) / Math.sqrt(DIM)) : 0,
  );
  const sum = scores.reduce((total, score) => total + score, 0);
  return scores.map((score) => score / sum);
}

/** [B, N, H, D] by definition, the same method in every head. */
function reference(method: HeadMethod): Float64Array {
  const out = new Float64Array(COUNT);
  for (let b = 0; b < BATCH; b++)
    for (let i = 0; i < TOKENS; i++)
      for (let head = 0; head < HEADS; head++)
        weights(method, b, i, head).forEach((weight, j) => {
          for (let d = 0; d < DIM; d++) out[at(b, i, head) + d]! += weight * v[at(b, j, head) + d]!;
        });
  return out;
}

const headOf = (element: number) => Math.floor(element / DIM) % HEADS;

describe('headwiseAttention', () => {
  it('runs every head by its own method and leaves cached heads alone', async () => {
    const before = new Float32Array(COUNT).fill(777);
    const out = device.upload(before, SHAPE);
    device.headwiseAttention({ ...tensors(), out, methods: [FULL, ARROW, CACHED] });
    const expected = [reference(FULL), reference(ARROW), before];
    (await device.download(out)).forEach((value, n) => {
      expect(Math.abs(value - expected[headOf(n)]![n]!)).toBeLessThan(1e-5);
    });
  });

  it('refuses another number of methods, and a layout of other length', () => {
    const out = device.allocate(SHAPE);
    expect(() => device.headwiseAttention({ ...tensors(), out, methods: [FULL] })).toThrow(ShapeError);
    const layout = { ...LAYOUT, image: 47 };
    expect(() => device.headwiseAttention({ ...tensors(), layout, out, methods: [FULL, FULL, FULL] })).toThrow(
      ShapeError,
    );
  });

  it('refuses a residual that is not there, and sharing in an odd batch', () => {
    const call = { ...tensors(), out: device.allocate(SHAPE) };
    const methods = ['arrow/4+residual', 'full', 'full'].map(parseMethod);
    expect(() => device.headwiseAttention({ ...call, methods })).toThrow(/residuals.*arrow\/4/);
    const one = (tensor: Tensor) => device.samples(tensor, 0, 1);
    const odd = { ...call, q: one(call.q), k: one(call.k), v: one(call.v), out: one(call.out) };
    const shared = ['cfg', 'full', 'full'].map(parseMethod);
    expect(() => device.headwiseAttention({ ...odd, methods: shared })).toThrow(/two halves/);
  });
});

describe('measureAttention', () => {
  it('gives the sums of the definition', async () => {
    const previous = values(4);
    const residual = values(5);
    const sums = await device.measureAttention({
      ...tensors(),
      fractions: [4, 12],
      residuals: new Map([[12, device.upload(residual, SHAPE)]]),
      references: [device.upload(previous, SHAPE)],
    });
    const full = reference(FULL);
    const narrow = reference({ kind: 'arrow', fraction: 12 });
    const others = [reference(ARROW), narrow, narrow.map((value, n) => value + residual[n]!), previous];
    expect(sums.withResidual[0]).toBeNull();
    expect(sums.count).toBe(BATCH * TOKENS * DIM);
    for (let head = 0; head < HEADS; head++) {
      const own = [...full.keys()].filter((n) => headOf(n) === head);
      const total = (f: (n: number) => number) => own.reduce((sum, n) => sum + f(n), 0);
      expect(sums.sum[head]).toBeCloseTo(
        total((n) => full[n]!),
        3,
      );
      expect(sums.sumOfSquares[head]! / total((n) => full[n]! ** 2)).toBeCloseTo(1, 5);
      const errors = [sums.arrow[0]!, sums.arrow[1]!, sums.withResidual[1]!, sums.references[0]!];
      errors.forEach((error, m) => {
        expect(error[head]! / total((n) => (others[m]![n]! - full[n]!) ** 2)).toBeCloseTo(1, 4);
      });
    }
  });

  it('takes part of a batch', async () => {
    const call = { fractions: [4], residuals: new Map(), references: [] };
    const { q, k, v, ...rest } = tensors();
    const parts = await Promise.all(
      Array.from({ length: BATCH }, (_, n) => {
        const part = (tensor: Tensor) => device.samples(tensor, n, n + 1);
        return device.measureAttention({ ...rest, q: part(q), k: part(k), v: part(v), ...call });
      }),
    );
    const whole = await device.measureAttention({ q, k, v, ...rest, ...call });
    const total = parts.reduce((sum, part) => sum + part.arrow[0]![1]!, 0);
    expect(total / whole.arrow[0]![1]!).toBeCloseTo(1, 10);
    expect(() => device.samples(q, 1, BATCH + 1)).toThrow(ShapeError);
  });
});

describe('attentionMap', () => {
  it('averages probabilities over cells and sums the mass that arrows keep', async () => {
    const [cell, batch, head] = [8, 1, 2];
    const map = await device.attentionMap({ ...tensors(), head, batch, cell, fractions: [4] });
    expect(map.size).toBe(Math.ceil(TOKENS / cell));
    const rows = Array.from({ length: TOKENS }, (_, i) => weights(FULL, batch, i, head));
    const first = rows.slice(0, cell).flatMap((row) => row.slice(cell, 2 * cell));
    expect(map.values[1]).toBeCloseTo(first.reduce((sum, p) => sum + p, 0) / first.length, 6);
    const kept = rows.map((row, i) => row.reduce((sum, p, j) => sum + (isKept(ARROW, i, j) ? p : 0), 0));
    expect(map.keptMass[0]).toBeCloseTo(kept.reduce((sum, mass) => sum + mass, 0) / TOKENS, 5);
  });
});
