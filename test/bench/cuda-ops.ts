/** Every op of a FLUX.1-dev block at a picture size, alone: milliseconds, and the share of the card's measured ceiling. */
import { parseArgs } from 'node:util';
import { attentionFlops, CudaDevice, type Tensor } from '../../mmdit/index.ts';

const { values: options } = parseArgs({
  options: { size: { type: 'string', default: '2048' }, device: { type: 'string', default: 'bf16' } },
});
const CEILING = { bf16: 797e12, fp8: 1348e12, bytes: 4.3e12 };
const [text, heads, dim] = [512, 24, 128];
const width = heads * dim;
const tokens = text + (Number(options.size) / 16) ** 2;
const projections = options.device === 'fp8' ? 'fp8' : 'bf16';
const device = CudaDevice.open({ projections });

const tensor = (...shape: number[]) =>
  device.loadWeight([synthetic(shape)], shape.length === 2 ? 'projection' : 'exact') as Promise<Tensor>;
const x = await tensor(1, tokens, width);
const wide = await tensor(1, tokens, 4 * width);
const modulation = await device.loadWeight([synthetic([1, 3 * width])], 'exact');
const [bias, bias3, bias4] = [device.allocate([width]), device.allocate([3 * width]), device.allocate([4 * width])];
const products = {
  'qkv product': [x, await tensor(3 * width, width), bias3],
  'mlp in product, gelu': [x, await tensor(4 * width, width), bias4],
  'attention out product': [x, await tensor(width, width), bias],
  'mlp out product': [wide, await tensor(width, 4 * width), bias],
  'single out product, two parts': [[x, wide], await tensor(width, 5 * width), bias],
} as const;

for (const [name, [input, weight, b]] of Object.entries(products)) {
  const parts = Array.isArray(input) ? (input as readonly Tensor[]) : [input as Tensor];
  const flops = 2 * tokens * weight.shape[0]! * weight.shape[1]!;
  const activation = name.includes('gelu') ? ({ activation: 'gelu-tanh' } as const) : {};
  await time(name, flops / CEILING[projections], () => device.release(device.linear(parts, weight, b, activation)));
}
const vector = await tensor(1, width);
const modulations = await device.loadWeight([synthetic([6 * width, width])], 'exact');
const bias6 = device.allocate([6 * width]);
await time('modulation product, one row', (12 * width ** 2) / CEILING.bytes, () =>
  device.release(device.linear(vector, modulations, bias6)),
);
const words = await tensor(1, text, width);
const textFlops = 8 * text * width ** 2;
await time('text mlp in product, gelu', textFlops / CEILING[projections], () =>
  device.release(device.linear(words, products['mlp in product, gelu'][1], bias4, { activation: 'gelu-tanh' })),
);
const to = device.allocateJoint([1, tokens, heads, dim]);
const qkvWeight = await tensor(3 * width, width);
const rope = device.uploadExact(new Float32Array(tokens * dim).fill(0.7), [tokens, dim / 2, 2]);
const norm = device.upload(new Float32Array(dim).fill(1), [dim]);
const [shift, scale, gate] = [0, 1, 2].map((n) => device.columns(modulation, n * width, (n + 1) * width));
const bytes = (count: number) => (count * tokens * width * 2) / CEILING.bytes;
await time('layerNormModulate', bytes(2), () =>
  device.release(device.layerNormModulate(x, shift!, scale!, 1e-6, 'projection')),
);
const whole = { x, weight: qkvWeight, bias: bias3, tokenOffset: 0, normQ: norm, normK: norm, rope };
const qkvFloor = (6 * tokens * width ** 2) / CEILING[projections];
await time('qkv product, norm, rope', qkvFloor, () => device.projectQkv([whole], to, { eps: 1e-6, needed: null }));
const needed = (head: number) => head % 4 !== 0;
await time('the same for 18 of 24 heads', 0.75 * qkvFloor, () => device.projectQkv([whole], to, { eps: 1e-6, needed }));
const turnsOf = (begin: number, end: number) =>
  device.uploadExact(new Float32Array((end - begin) * dim).fill(0.7), [end - begin, dim / 2, 2]);
const otherWeight = await tensor(3 * width, width);
const streams = [
  { ...whole, x: device.rows(x, 0, text), rope: turnsOf(0, text) },
  { ...whole, x: device.rows(x, text, tokens), rope: turnsOf(text, tokens), weight: otherWeight, tokenOffset: text },
];
await time('the same of two streams', qkvFloor, () => device.projectQkv(streams, to, { eps: 1e-6, needed: null }));
const residual = await tensor(1, tokens, width);
await time('gatedResidual', bytes(3), () => device.gatedResidual(x, residual, gate!));
const layout = { text, image: tokens - text, order: 'text-first' } as const;
const methods = new Array(heads).fill({ kind: 'full' } as const);
const out = device.allocate([1, tokens, heads, dim]);
await time('full attention', (4 * heads * dim * tokens ** 2) / CEILING.bf16, () =>
  device.headwiseAttention({ ...to, out, layout, block: device.preferredBlock(dim), methods }),
);
// As a layer of test/bench/cuda-steps.ts has them.
const arrow = (fraction: number) => ({ kind: 'arrow', fraction }) as const;
const cached = { kind: 'cached' } as const;
const sparse = [arrow(8), cached, arrow(16), arrow(8), arrow(32), cached];
const mixed = Array.from({ length: heads }, (_, head) => {
  const turn = (head * 7) % heads;
  return turn < 5 ? ({ kind: 'full' } as const) : sparse[turn % sparse.length]!;
});
const block = device.preferredBlock(dim);
const kept = mixed.reduce((sum, method) => sum + attentionFlops(layout, block, method, dim), 0);
await time('attention of a scheme', kept / CEILING.bf16, () =>
  device.headwiseAttention({ ...to, out, layout, block, methods: mixed }),
);
await device.close();

function synthetic(shape: readonly number[]) {
  return {
    ...{ name: 'x', dtype: 'F32' as const, shape, file: '', byteOffset: 0, byteLength: 0 },
    random: { std: 1 / Math.sqrt(shape.at(-1)!), seed: shape.length },
    read: async () => new Uint8Array(),
  };
}

async function time(name: string, floorSeconds: number, op: () => void): Promise<void> {
  for (let i = 0; i < 3; i++) op();
  await device.finish();
  const probe = performance.now();
  op();
  await device.finish();
  const rounds = Math.max(5, Math.floor(150 / (performance.now() - probe)));
  const begin = performance.now();
  for (let i = 0; i < rounds; i++) op();
  const enqueued = (performance.now() - begin) / rounds;
  await device.finish();
  const ms = (performance.now() - begin) / rounds;
  const share = ((floorSeconds * 1000) / ms).toFixed(3);
  console.log(`${name.padEnd(32)} ${ms.toFixed(4)} ms  ${share} of the ceiling  enqueued in ${enqueued.toFixed(4)} ms`);
}
