import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Checkpoint } from '../../../mmdit/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
import { findCheckpoint } from '../../../mmdit/checkpoint/find-checkpoint.ts';
import { checkpointName } from '../../../mmdit/checkpoint/hub-cache.ts';
import { encodeSafetensors } from '../../../mmdit/checkpoint/safetensors-writer.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'find-'));
});
afterEach(() => rm(root, { recursive: true }));

const at = (...parts: readonly string[]) => path.join(root, ...parts);
async function put(file: string, content: string | Buffer): Promise<void> {
  await mkdir(path.dirname(at(file)), { recursive: true });
  await writeFile(at(file), content);
}
const putPipeline = (folder: string) => put(path.join(folder, 'model_index.json'), '{"_class_name": "FluxPipeline"}');
const tensors = (...names: readonly string[]) =>
  encodeSafetensors(names.map((name) => ({ name, dtype: 'F32', shape: [1], data: Float32Array.of(0) })));

const REPOSITORY = 'hub/models--black-forest-labs--FLUX.1-dev';
const [FIRST, SECOND] = ['0ef5fff789c832c5c7f4e127f94c8b54bbcced44', '3de623fc3c33e44ffbe2bad470d0f45bccf2eb21'];

describe('a hub cache', () => {
  it('a repository stands for its only snapshot, and gives it its name', async () => {
    await putPipeline(`${REPOSITORY}/snapshots/${FIRST}`);
    const snapshot = at(REPOSITORY, 'snapshots', FIRST);
    for (const given of [REPOSITORY, `${REPOSITORY}/snapshots`, `${REPOSITORY}/snapshots/${FIRST}`])
      expect(await findCheckpoint(at(given))).toBe(snapshot);
    const checkpoint = await Checkpoint.open(at(REPOSITORY));
    expect(checkpoint).toMatchObject({ folder: snapshot, name: 'black-forest-labs/FLUX.1-dev' });
  });

  it('of several snapshots the one that refs/main names is taken', async () => {
    await putPipeline(`${REPOSITORY}/snapshots/${FIRST}`);
    await putPipeline(`${REPOSITORY}/snapshots/${SECOND}`);
    await expect(findCheckpoint(at(REPOSITORY))).rejects.toThrow(
      `it holds several snapshots, so give one of them: ${at(REPOSITORY, 'snapshots', FIRST)}, `,
    );
    await put(`${REPOSITORY}/refs/main`, SECOND);
    expect(await findCheckpoint(at(REPOSITORY))).toBe(at(REPOSITORY, 'snapshots', SECOND));
  });

  it('a snapshot of single files only, and the cache itself, say what to give', async () => {
    await put(`${REPOSITORY}/snapshots/${FIRST}/flux1-dev.safetensors`, tensors('x'));
    await expect(findCheckpoint(at(REPOSITORY))).rejects.toThrow(/neither does its only snapshot .*download the whole/);
    await expect(findCheckpoint(at('hub'))).rejects.toThrow(
      `it is a hub cache; give a model's folder in it: ${at(REPOSITORY)}`,
    );
  });

  it.each([
    ['/d/FLUX.1-dev', 'FLUX.1-dev'],
    ['/d/FLUX.1-dev/', 'FLUX.1-dev'],
    [`/d/models--org--a--b/snapshots/${FIRST}`, 'org/a--b'],
    [`/d/models--gpt2/snapshots/${FIRST}`, 'gpt2'],
    ['/d/snapshots/mine', 'mine'],
    ['/', '/'],
  ])('%s is called %s', (folder, name) => expect(checkpointName(folder)).toBe(name));
});

describe('what is no pipeline says what it is and what to give', () => {
  const BFL = ['double_blocks.0.img_attn.qkv.weight', 'single_blocks.0.linear1.weight'];
  it.each<[string, readonly string[], RegExp]>([
    ['BFL', BFL, /a FLUX transformer alone in Black Forest Labs' own layout/],
    ['Comfy', [...BFL.map((name) => `model.diffusion_model.${name}`), 'vae.decoder.conv_in.bias'], /an all-in-one/],
    [
      'SD3 all-in-one',
      ['model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight', 'text_encoders.t5xxl.logit'],
      /all-in-one/,
    ],
    ['SD3', ['joint_blocks.0.x_block.attn.qkv.weight'], /an SD3 transformer alone in Stability AI's own layout/],
    ['LoRA', ['transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight'], /a LoRA: .*fuse_lora/],
    ['kohya LoRA', ['lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight'], /a LoRA/],
    [
      'diffusers',
      ['single_transformer_blocks.0.attn.to_q.weight', 'x_embedder.bias'],
      /a FLUX transformer alone in diffusers' layout/,
    ],
    ['T5', ['encoder.block.0.layer.0.SelfAttention.q.weight'], /a T5 text encoder alone/],
    ['VAE', ['decoder.up_blocks.0.resnets.0.conv1.bias'], /a VAE alone/],
  ])('a single file: %s', async (_, names, message) => {
    await put('files/a.safetensors', tensors(...names));
    for (const given of ['files/a.safetensors', 'files']) {
      const found = findCheckpoint(at(given));
      await expect(found).rejects.toThrow(CheckpointError);
      await expect(found).rejects.toThrow(message);
      await expect(found).rejects.toThrow(
        'give the folder of a whole pipeline in the diffusers layout: model_index.json',
      );
    }
  });

  it('a GGUF file, alone or in a folder', async () => {
    await put('files/flux1-dev-Q4.gguf', 'GGUF\x03\0\0\0');
    await expect(findCheckpoint(at('files/flux1-dev-Q4.gguf'))).rejects.toThrow('is a file: it is a GGUF file');
    await expect(findCheckpoint(at('files'))).rejects.toThrow(
      'holds no model_index.json, only flux1-dev-Q4.gguf, which is a GGUF file',
    );
  });

  it('a part of a pipeline, the folder above one, and nothing', async () => {
    await putPipeline('a/pipeline');
    await put('a/pipeline/transformer/config.json', '{}');
    await expect(findCheckpoint(at('a/pipeline/transformer'))).rejects.toThrow(
      `it is one part of the pipeline in ${at('a/pipeline')}; give that folder`,
    );
    await expect(findCheckpoint(at('a'))).rejects.toThrow(`it lies deeper, so give ${at('a/pipeline')}`);
    await expect(findCheckpoint(at('nowhere'))).rejects.toThrow(`${at('nowhere')}: does not exist`);
    await expect(findCheckpoint(at('a/pipeline/model_index.json'))).rejects.toThrow(
      `is a file of the pipeline in ${at('a/pipeline')}`,
    );
  });
});
