import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
import { Component } from '../../../mmdit/checkpoint/component.ts';
import { readFloats } from '../../../mmdit/checkpoint/read-floats.ts';
import { SafetensorsFile } from '../../../mmdit/checkpoint/safetensors-file.ts';
import { type TensorToWrite, writeSafetensors } from '../../../mmdit/checkpoint/safetensors-writer.ts';
import { CpuDevice } from '../../../mmdit/device/cpu-device.ts';
import { DeviceMemoryError } from '../../../mmdit/device/device-memory-error.ts';
import { FluxModel } from '../../../mmdit/models/flux.ts';
import { verifyTransformer } from '../../../mmdit/models/verify.ts';

const FOLDER = 'test/golden/flux-tiny';
const DUMP = `${FOLDER}/io.safetensors`;

let device: CpuDevice;
let folder: string;
beforeAll(async () => {
  device = await CpuDevice.open();
  folder = await mkdtemp(path.join(tmpdir(), 'flux-'));
});
afterAll(async () => {
  await device.close();
  await rm(folder, { recursive: true });
});

const config = JSON.parse(await readFile(`${FOLDER}/transformer/config.json`, 'utf8'));

async function read(file: string): Promise<TensorToWrite[]> {
  const opened = await SafetensorsFile.open(file);
  return Promise.all(
    opened.names.map(async (name) => {
      const source = opened.tensor(name);
      return { name, dtype: 'F32', shape: source.shape, data: await readFloats(source) } as const;
    }),
  );
}

/** A variant of the golden transformer. */
async function variant(
  configChange: object,
  change: (tensor: TensorToWrite) => TensorToWrite | null = (tensor) => tensor,
): Promise<string> {
  const own = path.join(folder, String(Math.random()));
  await mkdir(own);
  await writeFile(path.join(own, 'config.json'), JSON.stringify({ ...config, ...configChange }));
  const tensors = (await read(`${FOLDER}/transformer/diffusion_pytorch_model.safetensors`)).map(change);
  await writeSafetensors(
    path.join(own, 'diffusion_pytorch_model.safetensors'),
    tensors.filter((tensor) => tensor !== null),
  );
  return own;
}

async function dump(change: (tensors: TensorToWrite[]) => TensorToWrite[]): Promise<string> {
  const file = path.join(folder, `${Math.random()}.safetensors`);
  await writeSafetensors(file, change(await read(DUMP)));
  return file;
}

describe('FLUX against diffusers', () => {
  it('agrees in its output and in every block and attention module', async () => {
    const { tensors, device: name } = await verifyTransformer(`${FOLDER}/transformer`, DUMP, device);
    expect(name).toBe(device.info.name);
    expect(Object.keys(tensors)).toHaveLength(15);
    for (const [tensor, { relative, max }] of Object.entries(tensors)) {
      expect(relative, tensor).toBeLessThan(1e-5);
      expect(max, tensor).toBeLessThan(1e-3);
    }
  });

  it('does so for every element of a batch', async () => {
    const doubled = await dump((tensors) =>
      tensors.map((tensor) =>
        // Positions are the same for the whole batch; all else has the batch first.
        tensor.name.endsWith('_ids')
          ? tensor
          : {
              ...tensor,
              shape: [2, ...tensor.shape.slice(1)],
              data: Float32Array.from([...(tensor.data as Float32Array), ...(tensor.data as Float32Array)]),
            },
      ),
    );
    const { tensors } = await verifyTransformer(`${FOLDER}/transformer`, doubled, device);
    for (const [name, { relative }] of Object.entries(tensors)) expect(relative, name).toBeLessThan(1e-5);
  });

  it('without a guidance embedding is as with one that says nothing', async () => {
    const isGuidance = ({ name }: TensorToWrite) => name.includes('guidance_embedder');
    const silent = await variant({}, (tensor) =>
      isGuidance(tensor) ? { ...tensor, data: new Float32Array(tensor.data.length) } : tensor,
    );
    const without = await variant({ guidance_embeds: false }, (tensor) => (isGuidance(tensor) ? null : tensor));
    const noGuidance = await dump((tensors) => tensors.filter(({ name }) => name !== 'in.guidance'));
    const expected = await verifyTransformer(silent, DUMP, device);
    const found = await verifyTransformer(without, noGuidance, device);
    // Both are far from the golden output, by the same amount.
    expect(found.tensors['out.sample']!.relative).toBeGreaterThan(1e-3);
    expect(found.tensors).toEqual(expected.tensors);
  });
});

describe('verifyTransformer', () => {
  it('refuses a dump that does not fit', async () => {
    const verify = (file: string) => verifyTransformer(`${FOLDER}/transformer`, file, device);
    const unknown = await dump((tensors) => [
      ...tensors,
      { name: 'mid.block9.0', dtype: 'F32', shape: [1], data: new Float32Array(1) },
    ]);
    await expect(verify(unknown)).rejects.toThrow('holds "mid.block9.0", which this model has no output for');
    const short = await dump((tensors) => tensors.filter(({ name }) => name !== 'in.guidance'));
    await expect(verify(short)).rejects.toThrow('has no tensor "in.guidance"');
    const without = await dump((tensors) => tensors.filter(({ name }) => name !== 'out.sample'));
    await expect(verify(without)).rejects.toThrow('out.sample');
    const flat = await dump((tensors) =>
      tensors.map((tensor) =>
        tensor.name === 'in.hidden_states' ? { ...tensor, shape: tensor.shape.slice(1) } : tensor,
      ),
    );
    await expect(verify(flat)).rejects.toThrow('must have 3 axes');
  });
});

describe('a checkpoint is refused', () => {
  it('that is larger than the device', async () => {
    // As a device with 1 MiB free: the golden weights are 4.
    const small = new Proxy(device, {
      get: (target, key) => (key === 'freeBytes' ? 2 ** 20 : Reflect.get(target, key)),
    });
    const opened = FluxModel.open(await Component.open(`${FOLDER}/transformer`), small);
    await expect(opened).rejects.toThrow(DeviceMemoryError);
  });

  const open = async (own: string) => FluxModel.open(await Component.open(own), device);

  it.each<[string, object, string]>([
    ['with a field that this runtime does not know', { sliding_window: 4 }, '"sliding_window"'],
    ['of another class', { _class_name: 'HunyuanVideoTransformer3DModel' }, 'HunyuanVideoTransformer3DModel'],
    ['whose axes do not add up to the head', { axes_dims_rope: [8, 12, 8] }, 'axes_dims_rope'],
    ['with odd axes', { axes_dims_rope: [9, 11, 12] }, 'axes_dims_rope'],
    ['with a fraction for a count', { num_layers: 1.5 }, 'num_layers'],
    ['with an absurd count', { num_attention_heads: 1e9 }, 'num_attention_heads'],
    ['with a head dim that no kernel runs', { attention_head_dim: 12 }, 'attention_head_dim'],
    ['that has fewer blocks than its config', { num_layers: 3 }, 'has no tensor "transformer_blocks.2.'],
    ['that has more blocks than its config', { num_single_layers: 1 }, 'holds tensor "single_transformer_blocks.1.'],
    ['of other widths than its config', { in_channels: 32 }, 'its config.json asks for [96, 32]'],
  ])('%s', async (_, change, message) => {
    const opened = open(await variant(change));
    await expect(opened).rejects.toThrow(CheckpointError);
    await expect(opened).rejects.toThrow(message);
  });
});
