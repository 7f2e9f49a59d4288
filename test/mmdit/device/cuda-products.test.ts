import { expect, it } from 'vitest';
import { CudaProducts } from '../../../mmdit/device/cuda/cuda-products.ts';
import { CudaStream } from '../../../mmdit/device/cuda/cuda-stream.ts';
import { CudaWeights, type WeightChoice } from '../../../mmdit/device/cuda/cuda-weights.ts';
import type { KeptMatmulChoices } from '../../../mmdit/device/cuda/matmul-choices.ts';
import type { QkvStream } from '../../../mmdit/device/device.ts';
import { CUDA_DTYPES, type CudaContext } from '../../../native-kernels/index.ts';

type Call = readonly [name: string, args: Record<string, unknown>];

/** A card that computes nothing and writes down what it is asked. */
function recordingCard() {
  const calls: Call[] = [];
  const alive = new Set<number>();
  let memories = 0;
  const own: Partial<CudaContext> = {
    allocate: () => {
      memories += 1;
      alive.add(memories);
      return memories;
    },
    release: (memory) => void alive.delete(memory),
    keepOnHost: () => 1,
  };
  const context = new Proxy(own as CudaContext, {
    get: (target, name: string) =>
      Reflect.get(target, name) ?? ((args: Record<string, unknown>) => void calls.push([name, args])),
  });
  return { context, calls, alive };
}

function products(choice: WeightChoice) {
  const card = recordingCard();
  const stream = new CudaStream(card.context, 'a card', { keep: () => {} } as unknown as KeptMatmulChoices);
  const weights = new CudaWeights(stream, choice);
  const load = (...shape: number[]) => {
    const source = { name: 'w', dtype: 'F32' as const, shape, file: '', byteOffset: 0, byteLength: 0 };
    return weights.load([{ ...source, random: { std: 1, seed: 1 }, read: async () => new Uint8Array() }], 'projection');
  };
  const of = (name: string) => card.calls.filter(([called]) => called === name).map(([, args]) => args);
  return { ...card, stream, load, of, products: new CudaProducts(stream, weights) };
}

const BF16: WeightChoice = { projections: 'bf16', offload: false };
const FP8: WeightChoice = { projections: 'fp8', offload: false };

it('multiplies parts two by two, and only the last product brings bias and activation', async () => {
  const { products: own, stream, load, of, alive } = products(BF16);
  const weight = await load(64, 16 + 32 + 48);
  const bias = stream.allocate([64], 'bf16');
  const parts = [16, 32, 48].map((width) => stream.allocate([1, 5, width], 'bf16'));
  const before = alive.size;
  own.linear(parts, weight, bias, { activation: 'gelu-tanh' }).release();
  expect(alive.size).toBe(before);
  const [first, second] = of('linear');
  expect(of('linear')).toHaveLength(2);
  expect(first).toMatchObject({
    inner: 48,
    split: 16,
    rest: parts[1]!.rows,
    accumulate: false,
    bias: null,
    gelu: false,
  });
  expect(second).toMatchObject({ inner: 48, accumulate: true, bias: bias.place, gelu: true });
  expect(second).not.toHaveProperty('rest');
  // The second pair's columns of the weight begin where the first's end.
  expect((second!.weight as { offset: number }).offset - (first!.weight as { offset: number }).offset).toBe(48 * 2);
});

it('in fp8 an MLP stores its hidden values as the products read them, and gives everything back', async () => {
  const { products: own, stream, load, of, alive } = products(FP8);
  const [up, down] = [await load(64, 32), await load(32, 64)];
  const x = stream.allocate([2, 5, 32], 'bf16');
  const before = alive.size;
  const hidden = own.linear(x, up, null, { activation: 'gelu-tanh', use: 'projection' });
  const out = own.linear(hidden, down, null, {});
  const [into, outOf] = of('linear');
  expect(into).toMatchObject({ dtype: CUDA_DTYPES.e4m3, outDtype: CUDA_DTYPES.e4m3, rows: 10, columns: 64 });
  expect(into).toMatchObject({ xNorms: { offset: 0 }, weightNorms: { offset: 0 }, outScales: { offset: 0 } });
  expect(outOf).toMatchObject({ dtype: CUDA_DTYPES.e4m3, outDtype: CUDA_DTYPES.bf16, xScales: into!.outScales });
  expect((outOf!.x as { memory: number }).memory).toBe((into!.out as { memory: number }).memory);
  // x was quantised once; what it looks like in fp8 goes with it.
  for (const tensor of [hidden, out, x]) tensor.release();
  expect(alive.size).toBe(before - 1);
});

it('a projection that fp8 cannot take leaves every result in bf16', async () => {
  const { products: own, stream, load, of } = products(FP8);
  const up = await load(64, 32);
  await load(7, 64);
  const x = stream.allocate([1, 5, 32], 'bf16');
  own.linear(x, up, null, { activation: 'gelu-tanh', use: 'projection' });
  expect(of('linear')).toMatchObject([{ outDtype: CUDA_DTYPES.bf16 }]);
});

/** Text and image of `batch` samples, side by side in a joint tensor. */
async function projected(
  choice: WeightChoice,
  batch: number,
  needed: ((head: number, sample: number) => boolean) | null,
) {
  const { products: own, stream, load, of } = products(choice);
  const [heads, dim, channels] = [2, 16, 32];
  const joint = stream.allocate([batch, 7, 3 * heads * dim], 'bf16');
  const [q, k, v] = [0, 1, 2].map((n) => joint.heads([batch, 7, heads, dim], n * heads * dim));
  const streamOf = async (tokens: number, tokenOffset: number): Promise<QkvStream> => ({
    ...{ x: stream.allocate([batch, tokens, channels], 'bf16'), weight: await load(3 * heads * dim, channels) },
    ...{ bias: null, tokenOffset, normQ: null, normK: null, rope: stream.allocate([tokens, dim / 2, 2], 'f32') },
  });
  own.projectQkv([await streamOf(3, 0), await streamOf(4, 3)], { q: q!, k: k!, v: v! }, { eps: 1e-6, needed });
  return of('projectQkv') as unknown as Parameters<CudaContext['projectQkv']>[0][];
}

it('projects all streams and samples in one call, each to its place, with the heads that it needs', async () => {
  const [call, ...others] = await projected(BF16, 2, (head, sample) => head === 0 || sample === 1);
  expect(others).toEqual([]);
  const width = 3 * 2 * 16 * 2;
  expect(call!.parts.map(({ rows, out }) => [rows, out.offset / width])).toEqual([
    [3, 0],
    [3, 7],
    [4, 3],
    [4, 10],
  ]);
  expect(call!.parts.map(({ x }) => x.offset)).toEqual([0, 3 * 32 * 2, 0, 4 * 32 * 2]);
  expect(call!.parts.map((part) => [...part.needed!])).toEqual([
    [1, 0],
    [1, 1],
    [1, 0],
    [1, 1],
  ]);
});

it('in fp8 every sample has its own part of the scales', async () => {
  const [call] = await projected(FP8, 2, null);
  expect(call).toMatchObject({ dtype: CUDA_DTYPES.e4m3, outDtype: CUDA_DTYPES.bf16 });
  expect(call!.parts.map(({ x, xScales }) => [x.offset, xScales!.offset])).toEqual([
    [0, 0],
    [3 * 32, 3 * 4],
    [0, 0],
    [4 * 32, 4 * 4],
  ]);
  expect(call!.parts.every((part) => part.needed === null)).toBe(true);
});

it('takes weights that live in the host memory one at a time', async () => {
  const calls = await projected({ projections: 'bf16', offload: true }, 1, null);
  expect(calls.map(({ parts }) => parts.length)).toEqual([1, 1]);
});
