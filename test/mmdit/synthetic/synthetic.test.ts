import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  CheckpointError,
  CpuDevice,
  openPipeline,
  type Pipeline,
  type SyntheticShapeName,
  type SyntheticSize,
  writeSynthetic,
} from '../../../mmdit/index.ts';
import { syntheticTensor } from '../../../mmdit/synthetic/synthetic-tensors.ts';

let device: CpuDevice;
let folder: string;
beforeAll(async () => {
  device = await CpuDevice.open();
});
afterAll(() => device.close());
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'arrowhead-synthetic-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function withSynthetic<T>(
  name: SyntheticShapeName,
  size: SyntheticSize,
  use: (pipeline: Pipeline) => Promise<T>,
  seed = 1,
): Promise<T> {
  await writeSynthetic(folder, name, { seed }, size);
  const pipeline = await openPipeline(folder, device);
  try {
    return await use(pipeline);
  } finally {
    await pipeline.close();
  }
}

const picture = async (pipeline: Pipeline) => {
  const sampling = { ...pipeline.defaults, steps: 2, width: 64, height: 96 };
  const { images } = await pipeline.generate({ samples: [{ prompt: 'x', seed: 3 }], sampling });
  return images[0]!;
};

it.each([
  ['flux-dev', { layers: 1, singleLayers: 2, heads: 3 }, 3],
  ['flux-schnell', { layers: 1, singleLayers: 1, heads: 2, headDim: 64 }, 2],
  ['sd3-medium', { layers: 2, heads: 2 }, 2],
  ['sd35-medium', { layers: 2, heads: 2 }, 4],
  ['sd35-large', { layers: 2, heads: 2 }, 2],
] as const)('%s of any size makes a picture', async (name, size, layers) => {
  const { found, image } = await withSynthetic(name, size, async (pipeline) => ({
    found: pipeline.layers,
    image: await picture(pipeline),
  }));
  expect(found).toHaveLength(layers);
  expect(found[0]!.heads).toBe(size.heads);
  expect([image.width, image.height]).toEqual([64, 96]);
  expect(new Set(image.pixels).size).toBeGreaterThan(20);
});

it('the same seed means the same model, another another', async () => {
  const size = { layers: 1, singleLayers: 1, heads: 2 };
  const identity = (seed: number) =>
    withSynthetic('flux-dev', size, async (pipeline) => [pipeline.identity.fingerprint, await picture(pipeline)], seed);
  const first = await identity(1);
  expect(await identity(1)).toEqual(first);
  expect(await identity(2)).not.toEqual(first);
});

it('matrices keep the scale of what they multiply, biases are 0, norms 1', async () => {
  const matrix = syntheticTensor('a.weight', [64, 400], { seed: 5 });
  expect(matrix.random?.std).toBeCloseTo(1 / 20);
  const values = new Float32Array((await matrix.read()).buffer);
  const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
  expect(variance).toBeCloseTo(1 / 400, 4);
  const all = async (name: string) =>
    new Set(new Float32Array((await syntheticTensor(name, [9], { seed: 5 }).read()).buffer));
  expect(await all('block.bias')).toEqual(new Set([0]));
  expect(await all('attn.norm_q.weight')).toEqual(new Set([1]));
});

it('a damaged synthetic.json is refused by name', async () => {
  await writeSynthetic(folder, 'flux-dev', { seed: 1 }, { layers: 1, singleLayers: 1, heads: 2 });
  const file = path.join(folder, 'synthetic.json');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ seed: 1 });
  writeFileSync(file, '{ "seed": "one" }');
  await expect(openPipeline(folder, device)).rejects.toThrow(CheckpointError);
  await expect(openPipeline(folder, device)).rejects.toThrow(/synthetic\.json.*seed/);
});
