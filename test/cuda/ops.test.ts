/** Every other op of the CUDA device against the CPU device in float32. On a machine with a card: npm run test:cuda */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HeadMethod, parseMethod } from '../../mmdit/attention/method.ts';
import type { TokenLayout } from '../../mmdit/attention/token-layout.ts';
import { CudaDevice } from '../../mmdit/device/cuda/cuda-device.ts';
import type { Device, Tensor } from '../../mmdit/device/device.ts';
import { OutOfDeviceMemoryError } from '../../mmdit/device/device-memory-error.ts';
import { relativeError } from '../relative-error.ts';
import { BF16, compare, cpu, cuda, FP8, random, source } from './both-devices.ts';
import { bfloat16 } from './numbers.ts';

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
