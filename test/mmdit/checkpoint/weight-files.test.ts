import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
import { encodeSafetensors } from '../../../mmdit/checkpoint/safetensors-writer.ts';
import { openWeights } from '../../../mmdit/checkpoint/weight-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'weights-'));
});
afterEach(() => rm(folder, { recursive: true }));

const putIndex = (name: string, weight_map: Record<string, string>) =>
  writeFile(path.join(folder, name), JSON.stringify({ metadata: {}, weight_map }));
const put = (file: string, ...names: readonly string[]) =>
  writeFile(
    path.join(folder, file),
    encodeSafetensors(names.map((name) => ({ name, dtype: 'F32', shape: [1], data: Float32Array.of(1) }))),
  );
const namesOf = async () => [...(await openWeights(folder)).keys()].sort();

/** As `save_pretrained(variant="fp16")` and published repositories name them. */
describe.each([
  ['diffusion_pytorch_model.safetensors.index.json', 'diffusion_pytorch_model', ''],
  ['diffusion_pytorch_model.safetensors.index.fp16.json', 'diffusion_pytorch_model.fp16', ''],
  ['diffusion_pytorch_model.safetensors.index.fp16.json', 'diffusion_pytorch_model', '.fp16'],
  ['model.safetensors.index.json', 'model', ''],
  ['model.safetensors.index.fp16.json', 'model.fp16', ''],
])('shards of %s (%s-00001-of-00002%s)', (index, stem, variant) => {
  const shard = (number: number) => `${stem}-0000${number}-of-00002${variant}.safetensors`;
  beforeEach(async () => {
    await put(shard(1), 'a');
    await put(shard(2), 'b');
  });

  it('load', async () => {
    await putIndex(index, { a: shard(1), b: shard(2) });
    expect(await namesOf()).toEqual(['a', 'b']);
  });

  it('without their index are told which file to download', async () => {
    const opened = openWeights(folder);
    await expect(opened).rejects.toThrow(CheckpointError);
    await expect(opened).rejects.toThrow(
      `holds shards (${shard(1)}, ${shard(2)}) without their index; download ${index}`,
    );
  });

  it('of which one is missing name it', async () => {
    await putIndex(index, { a: shard(1), b: shard(2) });
    await rm(path.join(folder, shard(2)));
    await expect(openWeights(folder)).rejects.toThrow(
      `${shard(2)}: is missing, one of 2 shards that ${index} lists; download it`,
    );
  });
});

it('the usual weights are read where variants lie beside them', async () => {
  await put('model.fp16-00001-of-00001.safetensors', 'half');
  await putIndex('model.safetensors.index.fp16.json', { half: 'model.fp16-00001-of-00001.safetensors' });
  await put('model.safetensors', 'whole');
  expect(await namesOf()).toEqual(['whole']);
});

it('of several variants none is guessed', async () => {
  await put('model.fp16-00001-of-00001.safetensors', 'half');
  await putIndex('model.safetensors.index.fp16.json', { half: 'model.fp16-00001-of-00001.safetensors' });
  await put('model.bf16.safetensors', 'brain');
  await expect(openWeights(folder)).rejects.toThrow(
    'holds several weights (model.safetensors.index.fp16.json, model.bf16.safetensors) and none of the usual name (diffusion_pytorch_model.safetensors or model.safetensors); move all but one of them, an index with its shards, out of the folder',
  );
});

describe('a tensor that the index does not list', () => {
  it('is loaded with its shard, as a tied one is by diffusers', async () => {
    await put('s-1.safetensors', 'shared.weight', 'encoder.embed_tokens.weight');
    await put('s-2.safetensors', 'b');
    await putIndex('model.safetensors.index.json', { 'shared.weight': 's-1.safetensors', b: 's-2.safetensors' });
    expect(await namesOf()).toEqual(['b', 'encoder.embed_tokens.weight', 'shared.weight']);
  });

  it('but stands in two shards has no meaning', async () => {
    await put('s-1.safetensors', 'a', 'tied');
    await put('s-2.safetensors', 'b', 'tied');
    await putIndex('model.safetensors.index.json', { a: 's-1.safetensors', b: 's-2.safetensors' });
    await expect(openWeights(folder)).rejects.toThrow(
      's-2.safetensors: holds tensor "tied", which model.safetensors.index.json places in s-1.safetensors',
    );
  });
});

it('weights of another format are named', async () => {
  await writeFile(path.join(folder, 'pytorch_model.bin'), 'PK');
  await expect(openWeights(folder)).rejects.toThrow('holds no .safetensors file, but pytorch_model.bin; convert');
});
