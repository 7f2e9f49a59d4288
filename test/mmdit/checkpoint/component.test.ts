import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Checkpoint } from '../../../mmdit/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
import { Component } from '../../../mmdit/checkpoint/component.ts';
import { fingerprint } from '../../../mmdit/checkpoint/fingerprint.ts';
import { encodeSafetensors, type TensorToWrite } from '../../../mmdit/checkpoint/safetensors-writer.ts';
import { rawSafetensors } from './raw-safetensors.ts';

const INDEX = 'diffusion_pytorch_model.safetensors.index.json';
const SINGLE = 'diffusion_pytorch_model.safetensors';

let root: string;
let folder: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'checkpoint-'));
  folder = path.join(root, 'transformer');
  await mkdir(folder);
  await put('config.json', { _class_name: 'FluxTransformer2DModel', num_layers: 1 });
});
afterEach(() => rm(root, { recursive: true }));

const put = (name: string, json: unknown) => writeFile(path.join(folder, name), JSON.stringify(json));
const putTensors = (name: string, tensors: readonly TensorToWrite[]) =>
  writeFile(path.join(folder, name), encodeSafetensors(tensors));
const tensor = (name: string, ...values: readonly number[]): TensorToWrite => ({
  name,
  dtype: 'F32',
  shape: [values.length],
  data: Float32Array.from(values),
});

describe('Component', () => {
  it('reads one file', async () => {
    await putTensors(SINGLE, [tensor('a', 1, 2)]);
    const component = await Component.open(folder);
    expect(component.className).toBe('FluxTransformer2DModel');
    expect(component.names).toEqual(['a']);
    expect(component.tensor('a', [2]).shape).toEqual([2]);
    expect(() => component.tensor('a', [3])).toThrow('has shape [2], its config.json asks for [3]');
    expect(() => component.tensor('b')).toThrow('no tensor "b"');
  });

  it('reads shards', async () => {
    await putTensors('s-1.safetensors', [tensor('a', 1)]);
    await putTensors('s-2.safetensors', [tensor('b', 2)]);
    await put(INDEX, { metadata: { total_size: 8 }, weight_map: { a: 's-1.safetensors', b: 's-2.safetensors' } });
    const component = await Component.open(folder);
    expect([...component.names].sort()).toEqual(['a', 'b']);
    expect(component.tensor('b').file).toBe(path.join(folder, 's-2.safetensors'));
  });

  it('prefers the usual file to other variants, and refuses to guess between those', async () => {
    await putTensors('diffusion_pytorch_model.fp16.safetensors', [tensor('half', 1)]);
    expect((await Component.open(folder)).names).toEqual(['half']);
    await putTensors('other.safetensors', [tensor('other', 1)]);
    await expect(Component.open(folder)).rejects.toThrow('holds several weights');
    await putTensors(SINGLE, [tensor('usual', 1)]);
    expect((await Component.open(folder)).names).toEqual(['usual']);
  });

  it('reads past tensors of a dtype that nobody knows, and refuses a used one by name', async () => {
    const header = {
      scale: { dtype: 'F8_E8M0', shape: [3], data_offsets: [0, 3] },
      a: { dtype: 'F4', shape: [2], data_offsets: [3, 4] },
    };
    await writeFile(path.join(folder, SINGLE), rawSafetensors(header, 4));
    const component = await Component.open(folder);
    expect(component.byteLength).toBe(4);
    expect(await fingerprint(component)).toMatch(/^sha256:/);
    expect(() => component.tensor('a')).toThrow(`${SINGLE}: tensor "a" is F4; supported are F32, F16 and BF16`);
  });

  it('reads past tensors that are no floats, which nobody asks for', async () => {
    const ids: TensorToWrite = { name: 'position_ids', dtype: 'I64', shape: [2], data: new BigInt64Array(2) };
    await putTensors(SINGLE, [ids, tensor('a', 1)]);
    const component = await Component.open(folder);
    expect(component.tensor('a').shape).toEqual([1]);
    expect(component.byteLength).toBe(20);
    expect(() => component.tensor('position_ids')).toThrow('is I64; supported are F32, F16 and BF16');
  });

  it('refuses a tensor that two shards hold', async () => {
    await putTensors('s-1.safetensors', [tensor('a', 1)]);
    await putTensors('s-2.safetensors', [tensor('a', 2), tensor('b', 3)]);
    await put(INDEX, { weight_map: { a: 's-1.safetensors', b: 's-2.safetensors' } });
    await expect(Component.open(folder)).rejects.toThrow(
      `${path.join(folder, 's-2.safetensors')}: holds tensor "a", which ${INDEX} places in s-1.safetensors`,
    );
  });

  it.each<[string, unknown, string]>([
    ['a shard outside', { a: '../s-1.safetensors' }, 'outside itself'],
    ['an absolute shard', { a: '/etc/passwd' }, 'outside itself'],
    ['a missing shard', { a: 's-9.safetensors' }, 'is missing'],
    ['a tensor that its shard lacks', { a: 's-1.safetensors', z: 's-1.safetensors' }, 'lacks tensor "z"'],
    ['another place than the shard it is in', { b: 's-1.safetensors' }, 'lacks tensor "b"'],
    ['a number for a shard', { a: 3 }, 'weight_map.a'],
    ['its own folder for a shard', { a: '.' }, 'not a regular file'],
    ['no name for a shard', { a: '' }, 'not a regular file'],
    ['a name with a null byte', { a: 's-1\0' }, 'is missing'],
    ['a shard that is no weights', { a: 'config.json' }, 'claims a header'],
  ])('refuses an index with %s', async (_, weight_map, message) => {
    await putTensors('s-1.safetensors', [tensor('a', 1)]);
    await put(INDEX, { weight_map });
    const opened = Component.open(folder);
    await expect(opened).rejects.toThrow(CheckpointError);
    await expect(opened).rejects.toThrow(message);
  });

  it('refuses JSON that is too long, nested without end or no file', async () => {
    await putTensors(SINGLE, [tensor('a', 1)]);
    const config = path.join(folder, 'config.json');
    await writeFile(config, '{"a":'.repeat(1_000_000));
    await expect(Component.open(folder)).rejects.toThrow('config.json: expected JSON that nests at most 64 deep');
    await truncate(config, 64 * 2 ** 20 + 1);
    await expect(Component.open(folder)).rejects.toThrow('is 67108865 bytes long; at most 67108864 are read');
    await rm(config);
    await symlink('/dev/zero', config);
    await expect(Component.open(folder)).rejects.toThrow('config.json: is not a regular file');
  });

  it('says what is missing or damaged', async () => {
    await expect(Component.open(folder)).rejects.toThrow('holds no .safetensors file');
    await writeFile(path.join(folder, 'config.json'), '{');
    await expect(Component.open(folder)).rejects.toThrow('not valid JSON');
    await rm(path.join(folder, 'config.json'));
    await expect(Component.open(folder)).rejects.toThrow('config.json: is missing');
  });
});

describe('Checkpoint', () => {
  const putIndex = (index: unknown) => writeFile(path.join(root, 'model_index.json'), JSON.stringify(index));

  it('knows its components, those that are null left out', async () => {
    await putTensors(SINGLE, [tensor('a', 1)]);
    await putIndex({
      _class_name: 'FluxPipeline',
      transformer: ['diffusers', 'FluxTransformer2DModel'],
      feature_extractor: [null, null],
      force_zeros: true,
      '../vae': ['diffusers', 'AutoencoderKL'],
    });
    const checkpoint = await Checkpoint.open(root);
    expect([...checkpoint.components.keys()]).toEqual(['transformer', '../vae']);
    expect((await checkpoint.component('transformer')).names).toEqual(['a']);
    expect(() => checkpoint.path('vae')).toThrow('lists no "vae", which FluxPipeline needs');
    expect(() => checkpoint.path('../vae')).toThrow('lists no "../vae"');
  });

  it('names the part that is missing', async () => {
    await expect(Checkpoint.open(path.join(root, 'nowhere'))).rejects.toThrow('does not exist');
    await expect(Checkpoint.open(root)).rejects.toThrow('holds no model_index.json');
    await putIndex({ _class_name: 'FluxPipeline', vae: ['diffusers', 'AutoencoderKL'] });
    const checkpoint = await Checkpoint.open(root);
    await expect(checkpoint.component('vae')).rejects.toThrow(`${path.join(root, 'vae')}: is missing`);
    await putIndex({ vae: [] });
    await expect(Checkpoint.open(root)).rejects.toThrow('_class_name');
  });
});

describe('fingerprint', () => {
  const long = tensor('long', ...Array.from({ length: 1000 }, (_, i) => i));
  const of = async () => fingerprint(await Component.open(folder));

  it('is the same however the weights are sharded', async () => {
    await putTensors(SINGLE, [tensor('a', 1), long]);
    const single = await of();
    expect(single).toMatch(/^sha256:[0-9a-f]{64}$/);
    await rm(path.join(folder, SINGLE));
    await putTensors('s-1.safetensors', [long]);
    await putTensors('s-2.safetensors', [tensor('a', 1)]);
    await put(INDEX, { weight_map: { a: 's-2.safetensors', long: 's-1.safetensors' } });
    expect(await of()).toBe(single);
  });

  it.each<[string, () => Promise<void>]>([
    ['the config', () => put('config.json', { _class_name: 'FluxTransformer2DModel', num_layers: 2 })],
    ['a name', () => putTensors(SINGLE, [tensor('b', 1), long])],
    ['a value', () => putTensors(SINGLE, [tensor('a', 2), long])],
    ['the last value of a long tensor', () => putTensors(SINGLE, [tensor('a', 1), { ...long, data: changedEnd() }])],
  ])('changes with %s', async (_, change) => {
    await putTensors(SINGLE, [tensor('a', 1), long]);
    const before = await of();
    await change();
    expect(await of()).not.toBe(before);
  });

  function changedEnd(): Float32Array {
    return Float32Array.from({ length: 1000 }, (_, i) => (i === 999 ? -1 : i));
  }

  it('does not change with the version of diffusers that wrote it', async () => {
    await putTensors(SINGLE, [long]);
    const before = await of();
    await put('config.json', { num_layers: 1, _class_name: 'FluxTransformer2DModel', _diffusers_version: '9' });
    expect(await of()).toBe(before);
  });
});
