/** Every op of the CUDA device against the CPU device in float32. On a machine with a card: npm run test:cuda */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type HeadMethod, parseMethod } from '../../mmdit/attention/method.ts';
import type { TokenLayout } from '../../mmdit/attention/token-layout.ts';
import { CpuDevice } from '../../mmdit/device/cpu-device.ts';
import { CudaDevice } from '../../mmdit/device/cuda/cuda-device.ts';
import type { Device, NeededHeads, QkvStream, Tensor } from '../../mmdit/device/device.ts';
import { OutOfDeviceMemoryError } from '../../mmdit/device/device-memory-error.ts';
import { relativeError } from '../relative-error.ts';
import { bfloat16, type Random, randomSource } from './numbers.ts';

/** bf16 keeps 8 bits: half a unit is 2⁻⁹, and inputs, outputs and what lies between are each rounded. */
const BF16 = 6e-3;
const FP8 = 5e-2;

let cpu: CpuDevice;
let cuda: CudaDevice;
let random: Random;
before(async () => {
  cpu = await CpuDevice.open();
  cuda = CudaDevice.open();
  random = randomSource(20251123);
});
after(async () => {
  await cuda.close();
  await cpu.close();
});

/** Runs `op` on both devices with the same bf16 inputs, normal with a spread of 1 or its own, and compares what it gives. */
async function compare(
  shapes: Readonly<Record<string, readonly number[]>>,
  op: (device: Device, tensors: Record<string, Tensor>) => Tensor,
  tolerance = BF16,
  on: CudaDevice = cuda,
  spreads: Readonly<Record<string, number>> = {},
): Promise<void> {
  const values = Object.entries(shapes).map(([name, shape]) => {
    const normals = random.normals(shape.reduce((a, b) => a * b, 1));
    return [name, shape, bfloat16(normals.map((x) => x * (spreads[name] ?? 1)))] as const;
  });
  const results: Float32Array[] = [];
  for (const device of [cpu, on] as const) {
    const tensors = Object.fromEntries(
      values.map(([name, shape, floats]) => [name, device.upload(floats, shape)] as const),
    );
    try {
      const result = op(device, tensors);
      results.push(await device.download(result));
      device.release(result);
    } finally {
      device.release(...Object.values(tensors));
      // What failed in one test is not the next one's failure.
      await device.finish().catch(() => {});
    }
  }
  const [expected, found] = results as [Float32Array, Float32Array];
  const error = relativeError(found, expected);
  assert.ok(error <= tolerance, `relative error ${error} > ${tolerance}`);
}

test('a tensor comes back as it went', async () => {
  const values = bfloat16(random.normals(1000));
  const tensor = cuda.upload(values, [10, 100]);
  assert.deepEqual(await cuda.download(tensor), values);
  assert.deepEqual(
    await cuda.download(cuda.columns(tensor, 3, 50)),
    Float32Array.from({ length: 470 }, (_, i) => values[Math.floor(i / 47) * 100 + 3 + (i % 47)]!),
  );
  const exact = random.normals(77);
  assert.deepEqual(await cuda.download(cuda.uploadExact(exact, [77])), exact);
});

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

test('activation', () => compare({ x: [2, 37, 130] }, (d, t) => d.activation(t.x!, 'gelu-tanh')));
test('silu of columns', () => compare({ x: [3, 260] }, (d, t) => d.activation(d.columns(t.x!, 10, 77), 'silu')));

for (const channels of [64, 100, 3072, 12288, 40000]) {
  for (const part of ['norm', 'sum'] as const)
    test(`gatedResidualNorm of ${channels} channels: the ${part}`, () =>
      compare({ r: [2, 77, channels], x: [2, 77, channels], m: [2, 3 * channels] }, (d, t) => {
        const sum = d.allocate([2, 77, channels]);
        d.copy(t.r!, sum);
        const [gate, shift, scale] = [0, 1, 2].map((n) => d.columns(t.m!, n * channels, (n + 1) * channels));
        const norm = d.gatedResidualNorm(sum, { x: t.x!, gate: gate! }, shift!, scale!, 1e-6, 'projection');
        d.release(part === 'norm' ? sum : norm);
        return part === 'norm' ? norm : sum;
      }));

  test(`layerNormModulate of ${channels} channels`, () =>
    compare({ x: [2, 9, channels], m: [2, 3 * channels] }, (d, t) =>
      d.layerNormModulate(t.x!, d.columns(t.m!, 0, channels), d.columns(t.m!, channels, 2 * channels), 1e-6, 'exact'),
    ));
}

for (const channels of [64, 100, 3072]) {
  test(`gatedResidual of ${channels} channels`, () =>
    compare({ r: [2, 11, channels], x: [2, 11, channels], g: [2, channels] }, (d, t) => {
      const residual = d.allocate([2, 11, channels]);
      d.copy(t.r!, residual);
      d.gatedResidual(residual, t.x!, t.g!);
      return residual;
    }));
}

test('addInPlace', () =>
  compare({ a: [5, 77], b: [5, 77] }, (d, t) => {
    const sum = d.allocate([5, 77]);
    d.copy(t.a!, sum);
    d.addInPlace(sum, t.b!);
    return sum;
  }));

for (const batch of [1, 2]) {
  test(`rows, batch ${batch}`, () => compare({ x: [batch, 20, 48] }, (d, t) => d.rows(t.x!, 3, 17), 0));
  test(`rows of heads, batch ${batch}`, () => compare({ x: [batch, 20, 3, 16] }, (d, t) => d.rows(t.x!, 3, 17), 0));
  test(`concat of tokens, batch ${batch}`, () =>
    compare({ x: [batch, 5, 40], y: [batch, 9, 40] }, (d, t) => d.concat([t.x!, t.y!], 'tokens'), 0));
  test(`concat of channels, batch ${batch}`, () =>
    compare({ x: [batch, 5, 41], y: [batch, 5, 7] }, (d, t) => d.concat([t.x!, t.y!], 'channels'), 0));
}

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

const LAYOUTS: readonly TokenLayout[] = [
  { text: 77, image: 900, order: 'text-first' },
  { text: 200, image: 333, order: 'image-first' },
  { text: 0, image: 500, order: 'text-first' },
];
const METHODS: readonly HeadMethod[] = [
  { kind: 'full' },
  { kind: 'arrow', fraction: 8 },
  { kind: 'cached' },
  { kind: 'arrow', fraction: 32 },
];

for (const layout of LAYOUTS) {
  for (const dim of [40, 64, 128]) {
    const tokens = layout.text + layout.image;
    const shape = [2, tokens, METHODS.length, dim];
    const label = `${layout.order}, ${layout.text} + ${layout.image}, head dim ${dim}`;
    test(`headwiseAttention ${label}`, () =>
      compare({ q: shape, k: shape, v: shape, before: shape }, (d, t) => {
        const out = d.allocate(shape);
        d.copy(t.before!, out);
        const block = cuda.preferredBlock(dim);
        d.headwiseAttention({ q: t.q!, k: t.k!, v: t.v!, out, layout, block, methods: METHODS });
        return out;
      }));

    test(`residuals and sharing ${label}`, () =>
      compare(
        { q: shape, k: shape, v: shape, residual: shape },
        (d, t) => {
          const input = { q: t.q!, k: t.k!, v: t.v!, layout, block: cuda.preferredBlock(dim) };
          const kept = d.allocate(shape);
          d.copy(t.residual!, kept);
          const full = d.allocate(shape);
          d.headwiseAttention({ ...input, out: full, methods: ['cfg', 'full', 'full', 'cfg'].map(parseMethod) });
          const arrows = ['cfg+arrow/8', 'cached', 'arrow/8', 'arrow/8'].map(parseMethod);
          d.headwiseAttention({ ...input, out: kept, methods: arrows, subtractFrom: full });
          const out = d.allocate(shape);
          d.copy(full, out);
          const methods = ['arrow/8+residual', 'cfg+arrow/8+residual', 'cached', 'cfg+arrow/32'].map(parseMethod);
          d.headwiseAttention({ ...input, out, methods, residuals: new Map([[8, kept]]) });
          d.release(full, kept);
          return out;
        },
        2 * BF16,
      ));

    test(`measureAttention ${label}`, async () => {
      const values = [0, 1, 2, 3, 4].map(() => bfloat16(random.normals(shape.reduce((a, b) => a * b, 1))));
      const [onCpu, onCuda] = await Promise.all(
        [cpu, cuda].map((device) => {
          const [q, k, v, previous, residual] = values.map((floats) => device.upload(floats, shape));
          const block = cuda.preferredBlock(dim);
          // In no order, more than one walk takes, one of them twice.
          const fractions = [8, 2, 64, 16, 32, 4, 8, 128];
          // More than one call takes.
          const references = new Array<Tensor>(10).fill(previous!);
          const residuals = new Map([8, 64].map((fraction) => [fraction, residual!]));
          return device.measureAttention({ q: q!, k: k!, v: v!, residuals, references, layout, block, fractions });
        }),
      );
      assert.equal(onCuda!.count, onCpu!.count);
      const spread = (sums: typeof onCpu, head: number) =>
        sums!.sumOfSquares[head]! - sums!.sum[head]! ** 2 / sums!.count;
      for (let head = 0; head < METHODS.length; head++) {
        const pairs = [
          ...onCpu!.references.map((errors, n) => [onCuda!.references[n]![head]!, errors[head]!] as const),
          ...onCpu!.withResidual.flatMap((errors, n) =>
            errors ? [[onCuda!.withResidual[n]![head]!, errors[head]!] as const] : [],
          ),
          ...onCpu!.arrow.map((errors, n) => [onCuda!.arrow[n]![head]!, errors[head]!] as const),
        ] as const;
        for (const [found, expected] of pairs) {
          const rse = expected / spread(onCpu, head);
          const difference = Math.abs(found! / spread(onCuda, head) - rse);
          assert.ok(difference <= 0.01 * rse + 3e-6, `head ${head}: off by ${difference} of ${rse}`);
        }
      }
    });

    test(`attentionMap ${label}`, async () => {
      const values = [0, 1].map(() => bfloat16(random.normals(shape.reduce((a, b) => a * b, 1))));
      const maps = await Promise.all(
        [cpu, cuda].map((device) => {
          const [q, k] = values.map((floats) => device.upload(floats, shape));
          const block = cuda.preferredBlock(dim);
          const fractions = [8, 16, 32];
          return device.attentionMap({
            ...{ q: q!, k: k!, v: k!, layout, block, head: 2, batch: 1, cell: 17, fractions },
          });
        }),
      );
      const [onCpu, onCuda] = maps as [(typeof maps)[0], (typeof maps)[0]];
      assert.equal(onCuda.size, onCpu.size);
      assert.ok(relativeError(onCuda.values, onCpu.values) < 1e-4);
      for (const [n, mass] of onCpu.keptMass.entries()) assert.ok(Math.abs(onCuda.keptMass[n]! - mass) < 1e-4);
    });
  }
}

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

for (const channels of [64, 100, 3072, 40000])
  test(`norms of ${channels} channels in fp8, as products see them`, async () => {
    const fp8 = CudaDevice.open({ projections: 'fp8' });
    try {
      const [columns, tokens] = [48, 77];
      const values = bfloat16(random.normals(columns * channels));
      const load = (device: Device) => device.loadWeight([source('w', [columns, channels], values)], 'projection');
      const weights = new Map<Device, Tensor>([
        [cpu, await load(cpu)],
        [fp8, await load(fp8)],
      ]);
      const shapes = { r: [2, tokens, channels], x: [2, tokens, channels], m: [2, 3 * channels] };
      for (const adds of [true, false])
        await compare(
          shapes,
          (d, t) => {
            const [gate, shift, scale] = [0, 1, 2].map((n) => d.columns(t.m!, n * channels, (n + 1) * channels));
            const norm = adds
              ? d.gatedResidualNorm(t.r!, { x: t.x!, gate: gate! }, shift!, scale!, 1e-6, 'projection')
              : d.layerNormModulate(t.x!, shift!, scale!, 1e-6, 'projection');
            const product = d.linear(norm, weights.get(d)!, null);
            d.release(norm);
            return product;
          },
          FP8,
          fp8,
        );
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

test('a tensor that no card has room for is an error, and the device lives on', async () => {
  const tensor = cuda.allocate([1 << 20, 1 << 20]);
  cuda.release(tensor);
  await assert.rejects(cuda.finish(), OutOfDeviceMemoryError);
  const values = bfloat16(random.normals(10));
  assert.deepEqual(await cuda.download(cuda.upload(values, [10])), values);
});

test('abort drops what comes after, until finish', async () => {
  cuda.abort(new Error('enough'));
  await assert.rejects(cuda.download(cuda.upload(new Float32Array(4), [4])), /enough/);
  await assert.rejects(cuda.finish(), /enough/);
  await cuda.finish();
});

test('memory is given back', async () => {
  const before = cuda.memory.usedBytes;
  const tensors = [1, 2, 3].map(() => cuda.allocate([1000, 1000]));
  assert.ok(cuda.memory.usedBytes >= before + 6e6);
  cuda.release(...tensors);
  await cuda.finish();
  assert.equal(cuda.memory.usedBytes, before);
});

function source(name: string, shape: readonly number[], values: Float32Array) {
  const bytes = new Uint8Array(values.buffer);
  return {
    ...{ name, shape, dtype: 'F32' as const, file: 'memory', byteOffset: 0, byteLength: bytes.byteLength },
    read: async () => bytes,
  };
}
