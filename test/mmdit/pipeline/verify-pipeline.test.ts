import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
import { type TensorToWrite, writeSafetensors } from '../../../mmdit/checkpoint/safetensors-writer.ts';
import { CpuDevice } from '../../../mmdit/device/cpu-device.ts';
import type { GenerateProgress } from '../../../mmdit/pipeline/pipeline.ts';
import { SamplingError } from '../../../mmdit/pipeline/sampling-error.ts';
import { verifyPipeline } from '../../../mmdit/pipeline/verify-pipeline.ts';
import { writeSd3Folder, writeSd35Folder } from '../../fixtures/pipeline-folders.ts';
import { GOLDEN_PIPELINES, writeGoldenDump } from './golden-pipeline-dump.ts';

const FLUX = `${GOLDEN_PIPELINES}/flux-pipeline-tiny`;

let device: CpuDevice;
let folder: string;
let dump: string;
beforeAll(async () => {
  device = await CpuDevice.open();
  folder = await mkdtemp(path.join(tmpdir(), 'verify-pipeline-'));
  dump = path.join(folder, 'dump.safetensors');
});
afterAll(async () => {
  await device.close();
  await rm(folder, { recursive: true });
});

const LATENTS = ['latents.0', 'latents.1', 'latents.2', 'latents.3'];

describe('verifyPipeline against diffusers', () => {
  it('agrees with FLUX in tokens, embeddings, every step and the picture', async () => {
    await writeGoldenDump(dump, 'flux');
    const progress: GenerateProgress[] = [];
    const onProgress = (event: GenerateProgress): void => void progress.push(event);
    const { tensors, device: name } = await verifyPipeline(FLUX, dump, device, { onProgress });
    expect(name).toBe(device.info.name);
    const text = ['tokens.tokenizer', 'tokens.tokenizer_2', 'prompt_embeds', 'pooled_prompt_embeds'];
    expect(Object.keys(tensors)).toEqual([...text, ...LATENTS, 'image']);
    // A byte that lies on the edge may fall to the other side.
    for (const [tensor, { relative }] of Object.entries(tensors))
      expect(relative, tensor).toBeLessThan(tensor === 'image' ? 1e-3 : 1e-5);
    expect(tensors['tokens.tokenizer']!.max).toBe(0);
    expect(progress.map(({ stage }) => stage)).toContain('decode');
  });

  it('agrees with SD3 in its negative embeddings too', async () => {
    await writeGoldenDump(dump, 'sd3');
    const sd3 = path.join(folder, 'sd3');
    await writeSd3Folder(sd3);
    const { tensors } = await verifyPipeline(sd3, dump, device);
    const text = ['', 'negative_'].flatMap((start) => [`${start}prompt_embeds`, `${start}pooled_prompt_embeds`]);
    const tokens = ['', '_2', '_3'].map((end) => `tokens.tokenizer${end}`);
    expect(Object.keys(tensors).sort()).toEqual([...text, ...tokens, ...LATENTS].sort());
    for (const [tensor, { relative }] of Object.entries(tensors)) expect(relative, tensor).toBeLessThan(1e-5);
  });

  it('agrees with SD3.5: second attention, guidance, an oblong picture, other heads', async () => {
    const sd35 = path.join(folder, 'sd35');
    await writeSd35Folder(sd35);
    const { tensors } = await verifyPipeline(sd35, 'test/golden/sd35-dual/generation.safetensors', device);
    expect(Object.keys(tensors)).toEqual(['latents.0', 'latents.1', 'latents.2']);
    for (const [tensor, { relative }] of Object.entries(tensors)) expect(relative, tensor).toBeLessThan(1e-5);
  });

  it('neither takes nor keeps embeddings on disk', async () => {
    await writeGoldenDump(dump, 'flux');
    vi.stubEnv('ARROWHEAD_HOME', path.join(folder, 'home'));
    onTestFinished(() => void vi.unstubAllEnvs());
    await verifyPipeline(FLUX, dump, device);
    expect(existsSync(path.join(folder, 'home'))).toBe(false);
  });

  it('tells of another seed and of other words', async () => {
    await writeGoldenDump(dump, 'flux', (tensors, call) => {
      call.seed = 1;
      call.prompt = 'a blue cube';
      return tensors;
    });
    const { tensors } = await verifyPipeline(FLUX, dump, device);
    for (const [tensor, { relative }] of Object.entries(tensors)) expect(relative, tensor).toBeGreaterThan(1e-3);
  });

  it('runs no more than the dump asks for', async () => {
    await writeGoldenDump(dump, 'flux', (tensors) => tensors.filter(({ name }) => name === 'tokens.tokenizer_2'));
    const stages: string[] = [];
    const { tensors } = await verifyPipeline(FLUX, dump, device, {
      onProgress: ({ stage }) => void stages.push(stage),
    });
    expect(tensors).toEqual({ 'tokens.tokenizer_2': { max: 0, relative: 0 } });
    expect(stages).toEqual(['encode']);
  });
});

describe('a dump is refused', () => {
  const renamed = (from: string, to: string) => (tensors: TensorToWrite[]) =>
    tensors.map((tensor) => (tensor.name === from ? { ...tensor, name: to } : tensor));

  it.each<[string, (tensors: TensorToWrite[], call: Record<string, unknown>) => TensorToWrite[], string]>([
    ['with a tensor of another kind', renamed('latents.0', 'noise'), 'holds tensor "noise"'],
    ['that holds nothing', () => [], 'holds no tensor'],
    [
      'with a step beyond its own',
      renamed('latents.3', 'latents.7'),
      '"latents.7", which this model has no output for',
    ],
    ['with a tokenizer that the model lacks', renamed('tokens.tokenizer_2', 'tokens.tokenizer_3'), 'tokenizer_3'],
    [
      'whose ids are no whole numbers',
      (tensors) =>
        tensors.map((tensor) =>
          tensor.dtype === 'I64' ? { ...tensor, dtype: 'F32', data: new Float32Array(tensor.data.length) } : tensor,
        ),
      'expected token ids as I64, found F32',
    ],
    [
      'of another size',
      (tensors) =>
        tensors.map((tensor) =>
          tensor.name === 'latents.0' ? { ...tensor, shape: [2], data: new Float32Array(2) } : tensor,
        ),
      '"latents.0" has 2 elements',
    ],
    [
      'whose call is not whole',
      (tensors, call) => {
        delete call.seed;
        return tensors;
      },
      'field "seed"',
    ],
    [
      'whose call says what is not known here',
      (tensors, call) => {
        call.true_cfg_scale = 2;
        return tensors;
      },
      'true_cfg_scale',
    ],
  ])('%s', async (_, change, message) => {
    await writeGoldenDump(dump, 'flux', change);
    const verified = verifyPipeline(FLUX, dump, device);
    await expect(verified).rejects.toThrow(CheckpointError);
    await expect(verified).rejects.toThrow(message);
  });

  it('without its call, or with one that is no JSON', async () => {
    const image: TensorToWrite = { name: 'image', dtype: 'F32', shape: [1], data: new Float32Array(1) };
    await writeSafetensors(dump, [image]);
    await expect(verifyPipeline(FLUX, dump, device)).rejects.toThrow('has no metadata "call"');
    await writeSafetensors(dump, [image], { call: '{' });
    await expect(verifyPipeline(FLUX, dump, device)).rejects.toThrow('metadata "call" is not JSON');
  });

  it('whose picture the model cannot make', async () => {
    await writeGoldenDump(dump, 'flux', (tensors, call) => {
      call.width = 100;
      return tensors;
    });
    await expect(verifyPipeline(FLUX, dump, device)).rejects.toThrow(SamplingError);
  });
});

it('verifyPipeline stops when it is told to', async () => {
  await writeGoldenDump(dump, 'flux');
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(verifyPipeline(FLUX, dump, device, { signal })).rejects.toThrow('enough');
});
