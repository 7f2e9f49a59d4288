import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
import { Component } from '../../../mmdit/checkpoint/component.ts';
import { CpuDevice } from '../../../mmdit/device/cpu-device.ts';
import { familyOf } from '../../../mmdit/models/model-families.ts';
import { verifyTransformer } from '../../../mmdit/models/verify.ts';

const GOLDEN = 'test/golden';
const MODELS = ['sd3-plain', 'sd35-dual'] as const;

let device: CpuDevice;
let folder: string;
beforeAll(async () => {
  device = await CpuDevice.open();
  folder = await mkdtemp(path.join(tmpdir(), 'sd3-'));
});
afterAll(async () => {
  await device.close();
  await rm(folder, { recursive: true });
});

const open = async (transformer: string) => {
  const component = await Component.open(transformer);
  return familyOf(component).open(component, device);
};

/** A golden transformer whose config says something else. */
async function variant(name: (typeof MODELS)[number], change: object): Promise<string> {
  const own = path.join(folder, String(Math.random()));
  await cp(`${GOLDEN}/${name}/transformer`, own, { recursive: true });
  const file = path.join(own, 'config.json');
  const config = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...config, ...change }));
  return own;
}

describe.each(MODELS)('%s against diffusers', (name) => {
  it('agrees in its output and in every block, for two samples of an oblong picture', async () => {
    const dump = `${GOLDEN}/${name}/io.safetensors`;
    const { tensors } = await verifyTransformer(`${GOLDEN}/${name}/transformer`, dump, device);
    expect(Object.keys(tensors).sort()).toEqual(['mid.block0.0', 'mid.block0.1', 'mid.block1.1', 'out.sample']);
    for (const [tensor, { relative }] of Object.entries(tensors)) expect(relative, tensor).toBeLessThan(1e-5);
  });
});

describe('attention layers', () => {
  it('are one per block, and a second one over the image alone in dual blocks', async () => {
    const model = await open(`${GOLDEN}/sd35-dual/transformer`);
    expect(model.shape.layers.map(({ name }) => name)).toEqual([
      'transformer_blocks.0.attn',
      'transformer_blocks.0.attn2',
      'transformer_blocks.1.attn',
    ]);
    expect(model.shape.layers.map((layer) => layer.layout(13, 20))).toEqual([
      { text: 13, image: 20, order: 'image-first' },
      { text: 0, image: 20, order: 'image-first' },
      { text: 13, image: 20, order: 'image-first' },
    ]);
    model.close();
  });
});

describe('a checkpoint is refused', () => {
  it('of a class that is not known here, with those that are', async () => {
    const opened = open(await variant('sd3-plain', { _class_name: 'HunyuanVideoTransformer3DModel' }));
    await expect(opened).rejects.toThrow(CheckpointError);
    await expect(opened).rejects.toThrow(
      'describes a HunyuanVideoTransformer3DModel; supported here: FluxTransformer2DModel, SD3Transformer2DModel',
    );
  });

  it.each<[string, object, string]>([
    ['with a field that this runtime does not know', { use_swiglu: true }, '"use_swiglu"'],
    ['with another norm of q and k', { qk_norm: 'layer_norm' }, '"qk_norm"'],
    ['with a second attention beyond its blocks', { dual_attention_layers: [7] }, 'names layer 7; num_layers is 2'],
    ['whose text is as wide as no head count makes it', { caption_projection_dim: 20 }, '"caption_projection_dim"'],
    ['with a second attention that its weights lack', { dual_attention_layers: [0, 1] }, 'asks for [144, 16]'],
    ['without the norms that its weights hold', { qk_norm: null }, 'holds tensor "transformer_blocks.0.attn'],
    ['with another position table', { pos_embed_max_size: 11 }, 'asks for [1, 121, 16]'],
  ])('%s', async (_, change, message) => {
    const opened = open(await variant('sd35-dual', change));
    await expect(opened).rejects.toThrow(CheckpointError);
    await expect(opened).rejects.toThrow(message);
  });
});
