/** Matrix products of the CUDA device, alone and with what their epilogues do, against the CPU device in float32. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMethod } from '../../mmdit/attention/method.ts';
import type { TokenLayout } from '../../mmdit/attention/token-layout.ts';
import { CudaDevice } from '../../mmdit/device/cuda/cuda-device.ts';
import type { Device, NeededHeads, QkvStream, Tensor } from '../../mmdit/device/device.ts';
import { BF16, compare, cpu, cuda, FP8, random, source } from './both-devices.ts';
import { bfloat16 } from './numbers.ts';

for (const [rows, inner, columns] of [
  [1, 64, 128],
  [333, 256, 1024],
  [1056, 512, 96],
] as const) {
  const shapes = { x: [1, rows, inner], w: [columns, inner], b: [columns] };
  test(`linear ${rows} × ${inner} by ${columns}`, () => compare(shapes, (d, t) => d.linear(t.x!, t.w!, t.b!)));
  test(`linear without bias ${rows}`, () => compare(shapes, (d, t) => d.linear(t.x!, t.w!, null)));
  test(`linear and gelu ${rows}`, () =>
    compare(shapes, (d, t) => d.linear(t.x!, t.w!, t.b!, { activation: 'gelu-tanh' })));
  test(`linear and silu ${rows}`, () => compare(shapes, (d, t) => d.linear(t.x!, t.w!, t.b!, { activation: 'silu' })));
}

for (const [tokens, widths, columns] of [
  [50, [128, 64], 256],
  // Large enough to be timed both ways, as one product and as two.
  [1500, [640, 1000], 3000],
  [70, [640, 64, 128], 264],
  // The second pair is added to the first.
  [1500, [64, 64, 640, 640], 3000],
] as const)
  test(`linear of parts ${widths.join(' + ')}`, () => {
    const inner = widths.reduce<number>((sum, width) => sum + width, 0);
    const parts = Object.fromEntries(widths.map((width, n) => [`x${n}`, [2, tokens, width]]));
    return compare({ ...parts, w: [columns, inner], b: [columns] }, (d, t) =>
      d.linear(
        widths.map((_, n) => t[`x${n}`]!),
        t.w!,
        t.b!,
        { activation: 'gelu-tanh' },
      ),
    );
  });

test('linear of columns', () =>
  compare({ x: [1, 70, 256], w: [128, 64], b: [128] }, (d, t) => d.linear(d.columns(t.x!, 64, 128), t.w!, t.b!)));

test('products of a few rows', async () => {
  for (const [rows, columns, inner] of [
    [1, 1003, 256],
    [2, 77, 24],
    [3, 640, 3072],
    [4, 9, 8],
    [4, 130, 1000],
  ] as const)
    for (const bias of [true, false]) {
      const shapes = { x: [rows, inner], w: [columns, inner], b: [columns] };
      await compare(shapes, (d, t) => d.linear(t.x!, t.w!, bias ? t.b! : null));
    }
});

/**
 * q, k and v of two streams, seen through full attention; heads that `needed` leaves out are cached, and zero, or, where
 * it leaves out the first half of the batch alone, share guidance.
 */
function attendProjected(
  device: Device,
  tensors: Record<string, Tensor>,
  options: { heads: number; dim: number; norm: boolean; turn: boolean; needed: NeededHeads | null },
): Tensor {
  const { heads, dim, norm, turn, needed } = options;
  const { x, y, w, u, b, n } = tensors;
  const [batch = 0, first = 0] = x!.shape;
  const [, second = 0] = y!.shape;
  const joint = [batch, first + second, heads, dim];
  const to = device.allocateJoint(joint);
  const stream = (of: Tensor, weight: Tensor, tokenOffset: number, tokens: number): QkvStream => {
    const angles = Float32Array.from({ length: tokens * dim }, (_, i) =>
      i % 2 === 0 ? Math.cos(i * 0.37) : Math.sin((i - 1) * 0.37),
    );
    const rope = turn ? device.uploadExact(angles, [tokens, dim / 2, 2]) : null;
    const own = norm ? n! : null;
    return { x: of, weight, bias: b!, tokenOffset, rope, normQ: own, normK: own };
  };
  device.projectQkv([stream(x!, w!, 0, first), stream(y!, u!, first, second)], to, { eps: 1e-6, needed });
  const out = device.upload(new Float32Array(joint.reduce((product, length) => product * length, 1)), joint);
  const methods = Array.from({ length: heads }, (_, head) => {
    if (!needed || needed(head, 0, batch)) return parseMethod('full');
    return parseMethod(needed(head, batch - 1, batch) ? 'cfg' : 'cached');
  });
  const layout: TokenLayout = { text: first, image: second, order: 'text-first' };
  device.headwiseAttention({ ...to, out, layout, block: cuda.preferredBlock(dim), methods });
  device.release(to.q, to.k, to.v);
  return out;
}

const NEEDED: readonly (readonly [string, NeededHeads | null])[] = [
  ['all heads', null],
  ['some heads', (head) => head === 1 || head > 2],
  ['heads by sample', (head, sample, batch) => head !== 3 && (head !== 1 || sample >= batch / 2)],
];

for (const dim of [32, 48, 64, 72, 128, 256]) {
  // The second is deep enough for products that norm and turn in their epilogue.
  for (const inner of [64, 640]) {
    for (const [norm, turn] of [
      [true, true],
      [false, true],
      [true, false],
      [false, false],
    ] as const) {
      for (const [which, needed] of NEEDED) {
        test(`projectQkv: dim ${dim}, inner ${inner}, norm ${norm}, rope ${turn}, ${which}`, () => {
          const [batch, first, second, heads] = [2, 13, 180, 5];
          const shapes = {
            ...{ x: [batch, first, inner], y: [batch, second, inner], b: [3 * heads * dim], n: [dim] },
            ...{ w: [3 * heads * dim, inner], u: [3 * heads * dim, inner] },
          };
          // Without a norm the scores are large, and so is what rounding of q and k does to them.
          const tolerance = norm ? 2 * BF16 : 8 * BF16;
          // Scores of one size, however deep the products are.
          const spreads = { x: Math.sqrt(64 / inner), y: Math.sqrt(64 / inner) };
          const op = (d: Device, t: Record<string, Tensor>) =>
            attendProjected(d, t, { heads, dim, norm, turn, needed });
          return compare(shapes, op, tolerance, cuda, spreads);
        });
      }
    }
  }
}

// More parts than fit one launch, a stream without tokens, more heads than a launch can pick from.
for (const [batch, first, heads] of [
  [3, 13, 5],
  [2, 0, 5],
  [1, 13, 65],
] as const)
  test(`projectQkv of ${batch} samples, ${first} + 180 tokens, ${heads} heads`, () => {
    const [dim, inner, second] = [64, 640, 180];
    const shapes = {
      ...{ x: [batch, first, inner], y: [batch, second, inner], b: [3 * heads * dim], n: [dim] },
      ...{ w: [3 * heads * dim, inner], u: [3 * heads * dim, inner] },
    };
    const needed = (head: number) => head !== 2;
    const op = (d: Device, t: Record<string, Tensor>) =>
      attendProjected(d, t, { heads, dim, norm: true, turn: true, needed });
    return compare(shapes, op, 2 * BF16);
  });

test('projectQkv that nobody reads', async () => {
  const [heads, dim, inner] = [3, 64, 640];
  const tensor = (...shape: number[]) => cuda.upload(random.normals(shape.reduce((a, b) => a * b, 1)), shape);
  const weights = { w: tensor(3 * heads * dim, inner), u: tensor(3 * heads * dim, inner) };
  const tensors = {
    x: tensor(1, 13, inner),
    y: tensor(1, 40, inner),
    b: tensor(3 * heads * dim),
    n: tensor(dim),
    ...weights,
  };
  const out = attendProjected(cuda, tensors, { heads, dim, norm: true, turn: true, needed: () => false });
  assert.ok((await cuda.download(out)).every((value) => value === 0));
  cuda.release(out, ...Object.values(tensors));
});

test('projections in fp8', async () => {
  const fp8 = CudaDevice.open({ projections: 'fp8' });
  try {
    for (const activation of [undefined, 'gelu-tanh'] as const) {
      const weight = bfloat16(random.normals(512 * 384));
      const load = (device: Device) => device.loadWeight([source('w', [512, 384], weight)], 'projection');
      const weights = new Map<Device, Tensor>([
        [cpu, await load(cpu)],
        [fp8, await load(fp8)],
      ]);
      const shapes = { x: [1, 300, 256], y: [1, 300, 128], b: [512] };
      const op = (d: Device, t: Record<string, Tensor>) =>
        d.linear([t.x!, t.y!], weights.get(d)!, t.b!, activation ? { activation } : {});
      await compare(shapes, op, FP8, fp8);
    }
  } finally {
    await fp8.close();
  }
});

test('an MLP in fp8, whose hidden values exist in fp8 alone', async () => {
  const fp8 = CudaDevice.open({ projections: 'fp8' });
  try {
    // The first is deep enough for products that store fp8, the second is not.
    for (const [channels, hidden] of [
      [1280, 2560],
      [256, 528],
    ] as const) {
      const values = [hidden * channels, channels * hidden].map((count) => bfloat16(random.normals(count)));
      const load = async (device: Device) => ({
        up: await device.loadWeight([source('up', [hidden, channels], values[0]!)], 'projection'),
        down: await device.loadWeight([source('down', [channels, hidden], values[1]!)], 'projection'),
      });
      const weights = new Map([
        [cpu as Device, await load(cpu)],
        [fp8 as Device, await load(fp8)],
      ]);
      const shapes = { x: [2, 150, channels], m: [2, 2 * channels], b: [hidden] };
      await fp8.finish();
      const before = fp8.memory.usedBytes;
      for (const bias of [true, false])
        await compare(
          shapes,
          (d, t) => {
            const { up, down } = weights.get(d)!;
            const [shift, scale] = [0, 1].map((n) => d.columns(t.m!, n * channels, (n + 1) * channels));
            const norm = d.layerNormModulate(t.x!, shift!, scale!, 1e-6, 'projection');
            const options = { activation: 'gelu-tanh', use: 'projection' } as const;
            const inside = d.linear(norm, up, bias ? t.b! : null, options);
            const out = d.linear(inside, down, null);
            d.release(norm, inside, shift!, scale!);
            return out;
          },
          // Of four roundings.
          2 * FP8,
          fp8,
        );
      await fp8.finish();
      assert.equal(fp8.memory.usedBytes, before);
    }
  } finally {
    await fp8.close();
  }
});

for (const offload of [false, true]) {
  for (const projections of offload ? (['bf16', 'fp8'] as const) : (['fp8'] as const)) {
    // Deep enough for products that norm and turn in their epilogue, and not; scales of the second sample lie anywhere.
    for (const depth of [1280, 256])
      test(`projectQkv, ${depth} deep, weights in ${projections}${offload ? ', in host memory' : ''}`, async () => {
        const device = CudaDevice.open({ projections, offload });
        try {
          const [batch, heads, dim, inner] = [2, 5, 64, depth];
          const shape = [3 * heads * dim, inner];
          const values = ['w', 'u'].map((name) => [name, bfloat16(random.normals(shape[0]! * inner))] as const);
          const load = async (on: Device) => {
            const loaded: Record<string, Tensor> = {};
            for (const [name, floats] of values)
              loaded[name] = await on.loadWeight([source(name, shape, floats)], 'projection');
            return loaded;
          };
          const weights = new Map<Device, Record<string, Tensor>>([
            [cpu, await load(cpu)],
            [device, await load(device)],
          ]);
          const shapes = { x: [batch, 13, inner], y: [batch, 180, inner], b: [shape[0]!], n: [dim] };
          for (const needed of [null, (head: number) => head % 2 === 0])
            await compare(
              shapes,
              (d, t) =>
                attendProjected(d, { ...t, ...weights.get(d)! }, { heads, dim, norm: true, turn: true, needed }),
              // Of q and k, and of v.
              projections === 'fp8' ? 2 * FP8 : 2 * BF16,
              device,
            );
          device.release(...Object.values(weights.get(device)!));
        } finally {
          await device.close();
        }
      });
  }
}

for (const projections of ['bf16', 'fp8'] as const) {
  test(`weights in host memory, ${projections}`, async () => {
    const device = CudaDevice.open({ projections, offload: true });
    try {
      // More than there are slots, of several sizes, some used twice and in another order the second time.
      const shapes = [96, 256, 128, 512, 64, 320, 256].map((columns) => [columns, 192] as const);
      const values = shapes.map(([columns, inner]) => bfloat16(random.normals(columns * inner)));
      const load = (on: Device) =>
        Promise.all(shapes.map((shape, n) => on.loadWeight([source(`w${n}`, shape, values[n]!)], 'projection')));
      const weights = new Map<Device, Tensor[]>([
        [cpu, await load(cpu)],
        [device, await load(device)],
      ]);
      for (const order of [
        [0, 1, 2, 3, 4, 5, 6],
        [0, 1, 2, 3, 4, 5, 6],
        [3, 3, 0, 6, 5, 1, 4, 2],
      ]) {
        const op = (d: Device, t: Record<string, Tensor>) =>
          d.concat(
            order.map((n) => d.linear(t.x!, weights.get(d)![n]!, null)),
            'channels',
          );
        await compare({ x: [1, 333, 192] }, op, projections === 'fp8' ? FP8 : BF16, device);
      }
      device.release(...weights.get(device)!);
    } finally {
      await device.close();
    }
  });
}
