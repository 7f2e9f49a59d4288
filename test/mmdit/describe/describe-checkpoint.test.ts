import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Checkpoint } from '../../../mmdit/checkpoint/checkpoint.ts';
import { describeCheckpoint } from '../../../mmdit/describe/describe-checkpoint.ts';
import { CpuDevice } from '../../../mmdit/device/cpu-device.ts';
import { listWeights } from '../../../mmdit/models/list-weights.ts';
import { openPipeline } from '../../../mmdit/pipeline/open-pipeline.ts';
import { writeSynthetic } from '../../../mmdit/synthetic/write-synthetic.ts';
import { writeFluxFolder, writeSd3Folder, writeSd35Folder } from '../../fixtures/pipeline-folders.ts';

let folder: string;
let device: CpuDevice;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-describe-'));
  device = await CpuDevice.open();
});
afterAll(async () => {
  await device.close();
  await rm(folder, { recursive: true, force: true });
});
afterEach(() => vi.restoreAllMocks());

/** What is read from files from here on, in bytes. */
async function countReads(): Promise<() => number> {
  const handle = await open(import.meta.filename);
  const fileHandle = Object.getPrototypeOf(handle) as typeof handle;
  await handle.close();
  const read = vi.spyOn(fileHandle, 'read');
  const bytes = (...[, , length]: readonly unknown[]) => (typeof length === 'number' ? length : 2 ** 40);
  return () => read.mock.calls.reduce((sum, args) => sum + bytes(...args), 0);
}

describe.each([
  ['flux', writeFluxFolder, 'a red xylophone'],
  ['sd3', writeSd3Folder, 'a red xylophone'],
  ['sd35', writeSd35Folder, ''],
  ['synthetic', (to: string) => writeSynthetic(to, 'sd3-medium', { seed: 1 }, { layers: 2, heads: 2 }), 'a cube'],
] as const)('of a %s checkpoint', (name, write, prompt) => {
  it('says what its opened pipeline says', async () => {
    const checkpoint = path.join(folder, name);
    await write(checkpoint);
    const { model, inspectPrompt } = await describeCheckpoint(checkpoint);
    const pipeline = await openPipeline(checkpoint, device);
    const { defaults } = pipeline;
    expect(model.identity).toEqual(pipeline.identity);
    expect(model.defaults).toEqual(defaults);
    expect(model.layers.map(({ name: layer, heads, headDim }) => [layer, heads, headDim])).toEqual(
      pipeline.layers.map(({ name: layer, heads, headDim }) => [layer, heads, headDim]),
    );
    expect(model.describeSampling(defaults)).toEqual(pipeline.describeSampling(defaults));
    expect(model.linearFlops(defaults)).toBe(pipeline.linearFlops(defaults));
    expect(model.workBytes(2, defaults, 3, device.info)).toBe(pipeline.workBytes(2, defaults, 3));
    expect(await inspectPrompt(prompt)).toEqual(pipeline.inspectPrompt(prompt));
    await pipeline.close();
  });
});

it('describes FLUX.1-dev from 24 GB of weights, of which it reads headers and samples', async () => {
  const checkpoint = path.join(folder, 'flux-dev');
  await writeFluxFolder(checkpoint);
  const synthetic = path.join(folder, 'flux-dev-synthetic');
  await writeSynthetic(synthetic, 'flux-dev', { seed: 1 });
  const shapes = await listWeights(await (await Checkpoint.open(synthetic)).component('transformer'));
  const bytes = await writeSparseWeights(path.join(checkpoint, 'transformer'), shapes);
  expect(bytes).toBeGreaterThan(23e9);
  const config = { _class_name: 'FluxTransformer2DModel', guidance_embeds: true };
  await writeFile(path.join(checkpoint, 'transformer/config.json'), JSON.stringify(config));
  await writeFile(path.join(checkpoint, 'vae/config.json'), JSON.stringify({ ...VAE, latent_channels: 16 }));
  const opened = await Checkpoint.open(checkpoint);
  for (const [name, width] of [
    ['text_encoder', { hidden_size: 768 }],
    ['text_encoder_2', { d_model: 4096 }],
  ] as const) {
    const { config: small, configFile } = await opened.config(name);
    await writeFile(configFile, JSON.stringify({ ...small, ...width }));
  }

  const bytesRead = await countReads();
  const { model } = await describeCheckpoint(checkpoint);
  expect(model.layers).toHaveLength(57);
  const sampling = { steps: 28, guidance: 3.5, width: 1024, height: 1024 };
  expect(model.linearFlops(sampling)).toBeGreaterThan(1e15);
  expect(model.workBytes(1, sampling, 1, { kind: 'cuda', computeDtype: 'bf16' })).toBeGreaterThan(1e9);
  expect(bytesRead()).toBeLessThan(1e6);
});

it('refuses what its pipeline refuses, in the same words', async () => {
  const checkpoint = path.join(folder, 'refused');
  await writeFluxFolder(checkpoint);
  await writeFile(path.join(checkpoint, 'vae/config.json'), JSON.stringify(VAE));
  const refusal = /transformer\/config\.json: takes 64 channels.*needs 32/;
  const change = { ...(await Checkpoint.open(checkpoint).then((opened) => opened.config('transformer'))).config };
  await writeFile(path.join(checkpoint, 'transformer/config.json'), JSON.stringify({ ...change, in_channels: 64 }));
  await expect(describeCheckpoint(checkpoint)).rejects.toThrow(refusal);
  await expect(openPipeline(checkpoint, device)).rejects.toThrow(refusal);
});

const VAE = {
  _class_name: 'AutoencoderKL',
  block_out_channels: [32, 32, 32, 32],
  latent_channels: 8,
  scaling_factor: 0.36,
  up_block_types: Array.from({ length: 4 }, () => 'UpDecoderBlock2D'),
};

/** A safetensors file of these shapes in bf16 whose data is a hole. Returns its length. */
async function writeSparseWeights(
  to: string,
  shapes: ReadonlyMap<string, { readonly shape: readonly number[] }>,
): Promise<number> {
  let end = 0;
  const entries = [...shapes].map(([name, { shape }]) => {
    const begin = end;
    end += 2 * shape.reduce((product, length) => product * length, 1);
    return [name, { dtype: 'BF16', shape, data_offsets: [begin, end] }];
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = path.join(to, 'diffusion_pytorch_model.safetensors');
  await writeFile(file, Buffer.concat([length, header]));
  await truncate(file, 8 + header.length + end);
  return end;
}
