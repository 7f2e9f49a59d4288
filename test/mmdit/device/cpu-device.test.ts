import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TensorSource } from '../../../mmdit/checkpoint/tensor-source.ts';
import { CpuDevice } from '../../../mmdit/device/cpu-device.ts';
import type { Shape, Tensor } from '../../../mmdit/device/device.ts';
import { ShapeError } from '../../../mmdit/device/shape-error.ts';
import { UnsupportedBlockError } from '../../../mmdit/device/unsupported-block-error.ts';

let device: CpuDevice;
beforeAll(async () => {
  device = await CpuDevice.open();
});
afterAll(() => device.close());

const count = (shape: Shape) => shape.reduce((product, length) => product * length, 1);

/** Deterministic values in (−1, 1). */
function values(shape: Shape, seed = 1): Float32Array {
  return Float32Array.from({ length: count(shape) }, (_, i) => Math.sin((i + 1) * 12.9898 * seed + seed));
}
const upload = (shape: Shape, seed?: number) => device.upload(values(shape, seed), shape);
const list = async (tensor: Tensor) => [...(await device.download(tensor))];

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(actual[i]! - expected[i]!), `element ${i}`).toBeLessThanOrEqual(tolerance);
}

/** x [rows, inner] · weight [columns, inner]ᵀ + bias, in float64. */
function product(x: Float32Array, weight: Float32Array, bias: Float32Array | null, inner: number): number[] {
  const columns = weight.length / inner;
  return Array.from({ length: (x.length / inner) * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    let sum = bias?.[column] ?? 0;
    for (let k = 0; k < inner; k++) sum += x[row * inner + k]! * weight[column * inner + k]!;
    return sum;
  });
}

const gelu = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

describe('linear', () => {
  it.each([
    [[2, 5, 12], 7],
    [[1, 33, 12], 40],
    [[3, 12], 1],
  ])('of %o to %i channels agrees with float64', async (shape, columns) => {
    const [x, w, b] = [values(shape, 1), values([columns, 12], 2), values([columns], 3)];
    const [tx, tw, tb] = [device.upload(x, shape), device.upload(w, [columns, 12]), device.upload(b, [columns])];
    const withBias = device.linear(tx, tw, tb);
    expect(withBias.shape).toEqual([...shape.slice(0, -1), columns]);
    expectClose(await list(withBias), product(x, w, b, 12));
    expectClose(await list(device.linear(tx, tw, null)), product(x, w, null, 12));
    const activated = device.linear(tx, tw, tb, { activation: 'gelu-tanh' });
    expectClose(await list(activated), product(x, w, b, 12).map(gelu));
  });

  it('takes columns of a wider tensor, and writes into a given one', async () => {
    const x = values([1, 4, 10]);
    const part = Float32Array.from({ length: 4 * 6 }, (_, i) => x[Math.floor(i / 6) * 10 + 3 + (i % 6)]!);
    const w = values([2, 6], 5);
    const out = device.allocate([1, 4, 2]);
    const columns = device.columns(device.upload(x, [1, 4, 10]), 3, 9);
    expect(device.linear(columns, device.upload(w, [2, 6]), null, { out })).toBe(out);
    expectClose(await list(out), product(part, w, null, 6));
  });

  it('of no rows is nothing', async () => {
    expect(await list(device.linear(upload([1, 0, 6]), upload([2, 6]), null, { activation: 'silu' }))).toEqual([]);
  });
});

describe('elementwise ops', () => {
  it('activate', async () => {
    const x = values([2, 9]);
    const silu = [...x].map((value) => value / (1 + Math.exp(-value)));
    expectClose(await list(device.activation(device.upload(x, [2, 9]), 'silu')), silu);
  });

  it('norm and modulate by columns of a projection, per batch element', async () => {
    const [batch, tokens, channels] = [2, 3, 8];
    const x = values([batch, tokens, channels]);
    const modulation = values([batch, 2 * channels], 2);
    const projected = device.upload(modulation, [batch, 2 * channels]);
    const out = device.layerNormModulate(
      device.upload(x, [batch, tokens, channels]),
      device.columns(projected, 0, channels),
      device.columns(projected, channels, 2 * channels),
      1e-6,
    );
    const expected = Array.from(x, (value, i) => {
      const row = Math.floor(i / channels);
      const c = i % channels;
      const b = Math.floor(row / tokens);
      const all = [...x.subarray(row * channels, (row + 1) * channels)];
      const mean = all.reduce((sum, v) => sum + v, 0) / channels;
      const variance = all.reduce((sum, v) => sum + (v - mean) ** 2, 0) / channels;
      const shift = modulation[b * 2 * channels + c]!;
      const scale = modulation[b * 2 * channels + channels + c]!;
      return ((value - mean) / Math.sqrt(variance + 1e-6)) * (1 + scale) + shift;
    });
    expectClose(await list(out), expected);
  });

  it('add gated residuals and vectors in place', async () => {
    const [residual, x, gate] = [values([2, 3, 4]), values([2, 3, 4], 2), values([2, 4], 3)];
    const target = device.upload(residual, [2, 3, 4]);
    device.gatedResidual(target, device.upload(x, [2, 3, 4]), device.upload(gate, [2, 4]));
    const expected = Array.from(residual, (value, i) => value + gate[Math.floor(i / 12) * 4 + (i % 4)]! * x[i]!);
    expectClose(await list(target), expected);
    device.addInPlace(target, target);
    expectClose(
      await list(target),
      expected.map((value) => 2 * value),
    );
  });
});

describe('rearrangement', () => {
  it.each([1, 2])('takes rows and joins them again, batch %i', async (batch) => {
    const x = upload([batch, 5, 2, 3]);
    const [head, tail] = [device.rows(x, 0, 2), device.rows(x, 2, 5)];
    expect(tail.shape).toEqual([batch, 3, 6]);
    const joined = device.concat([head, tail], 'tokens');
    expect(joined.shape).toEqual([batch, 5, 6]);
    expect(await list(joined)).toEqual(await list(x));
  });

  it('joins channels, of views too', async () => {
    const x = device.upload(Float32Array.of(1, 2, 3, 4, 5, 6), [1, 2, 3]);
    const joined = device.concat([device.columns(x, 1, 3), x], 'channels');
    expect(joined.shape).toEqual([1, 2, 5]);
    expect(await list(joined)).toEqual([2, 3, 1, 2, 3, 5, 6, 4, 5, 6]);
  });

  it('copies between tensors', async () => {
    const to = device.allocate([2, 2]);
    device.copy(device.columns(device.upload(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]), 0, 2), to);
    expect(await list(to)).toEqual([1, 2, 4, 5]);
  });
});

describe('weights', () => {
  const source = (dtype: TensorSource['dtype'], shape: Shape, bytes: Uint8Array): TensorSource => {
    const place = { file: 'x', byteOffset: 0, byteLength: bytes.length };
    return { name: `${dtype} weight`, dtype, shape, ...place, read: async () => bytes };
  };

  it('are converted and stacked', async () => {
    const half = source('BF16', [1, 2], new Uint8Array(Uint16Array.of(0x3f80, 0xc000).buffer));
    const full = source('F32', [2, 2], new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer));
    const stacked = await device.loadWeight([half, full]);
    expect(stacked.shape).toEqual([3, 2]);
    expect(await list(stacked)).toEqual([1, -2, 1, 2, 3, 4]);
    await expect(device.loadWeight([half, source('F32', [2, 3], new Uint8Array(24))])).rejects.toThrow(ShapeError);
  });
});

describe('the queue', () => {
  it('keeps the order of calls: a download sees what was enqueued before it and nothing after', async () => {
    const x = device.upload(Float32Array.of(1), [1, 1]);
    const first = device.download(x);
    device.addInPlace(x, x);
    const second = device.download(x);
    device.addInPlace(x, x);
    device.release(x);
    expect([(await first)[0], (await second)[0]]).toEqual([1, 2]);
  });

  it('takes the values that an upload had when it was called', async () => {
    const mine = Float32Array.of(1, 2);
    const x = device.upload(mine, [2]);
    mine.fill(9);
    expect(await list(x)).toEqual([1, 2]);
  });

  it('allocates nothing new once a loop has warmed up', async () => {
    const weight = upload([8, 8]);
    const step = async () => {
      const x = upload([1, 16, 8]);
      const y = device.linear(x, weight, null);
      const z = device.concat([x, y], 'channels');
      device.release(x, y, z);
      await device.finish();
    };
    await step();
    const { allocations } = device;
    for (let n = 0; n < 5; n++) await step();
    expect(device.allocations).toBe(allocations);
  });

  it('reports a failed op at the next wait, skips what follows it, and works again after finish', async () => {
    const [q, k, v, out] = [1, 2, 3, 4].map((seed) => upload([1, 4, 1, 4], seed));
    const layout = { text: 0, image: 4, order: 'text-first' } as const;
    // The kernels want head dims in multiples of 8.
    device.headwiseAttention({ q: q!, k: k!, v: v!, out: out!, layout, block: [32, 32], methods: [{ kind: 'full' }] });
    await expect(device.download(out!)).rejects.toThrow('"dim"');
    device.addInPlace(q!, q!);
    await expect(device.finish()).rejects.toThrow('"dim"');
    await expect(device.finish()).resolves.toBeUndefined();
    expectClose(await list(q!), values([1, 4, 1, 4], 1));
  });

  it('drops what is enqueued when aborted', async () => {
    const x = device.upload(Float32Array.of(1), [1]);
    const downloaded = device.download(x);
    device.abort(new Error('stop'));
    await expect(downloaded).rejects.toThrow('stop');
    await expect(device.finish()).rejects.toThrow('stop');
    expect(await list(upload([1]))).toHaveLength(1);
  });

  it('stops an attention kernel under way', async () => {
    const shape = [1, 16_384, 4, 64];
    const layout = { text: 0, image: 16_384, order: 'text-first' } as const;
    const [q, out] = [upload(shape), device.upload(new Float32Array(count(shape)).fill(777), shape)];
    await device.finish();
    const methods = Array(4).fill({ kind: 'full' });
    device.headwiseAttention({ q, k: q, v: q, out, layout, block: [32, 32], methods });
    // The whole call is some 300 GFLOP.
    setTimeout(() => device.abort(new Error('enough')), 5);
    await expect(device.finish()).rejects.toThrow('enough');
    expect(await device.download(out)).toContain(777);
    device.release(q, out);
  });
});

describe('wrong calls are refused at once', () => {
  it.each<[string, () => unknown]>([
    [
      'released tensors',
      () => {
        const x = upload([1, 2]);
        device.release(x);
        device.release(x);
        device.activation(x, 'silu');
      },
    ],
    ['tensors of others', () => device.activation({ shape: [1] }, 'silu')],
    ['weights of other widths', () => device.linear(upload([1, 3]), upload([2, 4]), null)],
    ['weights of other ranks', () => device.linear(upload([1, 3]), upload([3]), null)],
    ['biases of other lengths', () => device.linear(upload([1, 3]), upload([2, 3]), upload([3]))],
    ['uploads of the wrong length', () => device.upload(new Float32Array(3), [2, 2])],
    ['shapes that are none', () => device.allocate([2, -1])],
    ['columns out of range', () => device.columns(upload([1, 3]), 2, 4)],
    ['rows out of range', () => device.rows(upload([1, 3, 2]), 2, 1)],
    ['copies between shapes', () => device.copy(upload([2]), upload([3]))],
    ['parts of other widths', () => device.concat([upload([1, 2, 3]), upload([1, 2, 4])], 'tokens')],
    ['parts of other lengths', () => device.concat([upload([1, 2, 3]), upload([1, 3, 3])], 'channels')],
    ['writing to columns', () => device.addInPlace(device.columns(upload([2, 4]), 0, 2), upload([2, 2]))],
    [
      'a modulation of another batch',
      () => device.layerNormModulate(upload([1, 2, 4]), upload([2, 4]), upload([2, 4]), 1e-6),
    ],
  ])('%s', (_, call) => {
    expect(call).toThrow(ShapeError);
  });

  it('blocks that no kernel runs', () => {
    expect(() => device.requireBlock([0, 32], 32)).toThrow(UnsupportedBlockError);
    expect(() => device.requireBlock([32.5, 32], 32)).toThrow('32.5×32');
    expect(() => device.requireBlock(device.preferredBlock(32), 32)).not.toThrow();
  });
});
