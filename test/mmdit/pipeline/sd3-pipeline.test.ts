import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { calibrate } from '../../../calibration/search/calibrate.ts';
import { CACHED, FULL, parseMethod } from '../../../mmdit/attention/method.ts';
import { PlanAttention } from '../../../mmdit/attention/plan-attention.ts';
import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
import { readFloats } from '../../../mmdit/checkpoint/read-floats.ts';
import { SafetensorsFile } from '../../../mmdit/checkpoint/safetensors-file.ts';
import { CpuDevice } from '../../../mmdit/device/cpu-device.ts';
import { openPipeline } from '../../../mmdit/pipeline/open-pipeline.ts';
import type { Pipeline, Sample } from '../../../mmdit/pipeline/pipeline.ts';
import { SamplingError } from '../../../mmdit/pipeline/sampling-error.ts';
import { relativeError } from '../../relative-error.ts';

const GOLDEN = 'test/golden/pipeline';
const call = JSON.parse(await readFile(`${GOLDEN}/pipeline.json`, 'utf8'));
const dumps = await SafetensorsFile.open(`${GOLDEN}/pipeline-dumps.safetensors`);
const sampling = { steps: call.steps, guidance: call.sd3_guidance, width: call.width, height: call.height };
const sample: Sample = { prompt: call.prompt, seed: call.seed };
const options = { textTokens: call.max_sequence_length };

let device: CpuDevice;
let folder: string;
let pipeline: Pipeline;
beforeAll(async () => {
  device = await CpuDevice.open();
  folder = await mkdtemp(path.join(tmpdir(), 'sd3-'));
  await cp(`${GOLDEN}/sd3-pipeline-tiny`, folder, { recursive: true });
  // Latents do not depend on the VAE; FLUX's tiny one has as many channels.
  await cp(`${GOLDEN}/flux-pipeline-tiny/vae`, path.join(folder, 'vae'), { recursive: true });
  pipeline = await openPipeline(folder, device, options);
});
afterAll(async () => {
  await pipeline.close();
  await device.close();
  await rm(folder, { recursive: true, force: true });
});

async function latentsOf(from: Pipeline, samples: readonly Sample[], changes: Partial<typeof sampling> = {}) {
  const attention = new PlanAttention(device, from.layers, null);
  const steps: Float32Array[] = [];
  await from.denoise({
    samples,
    sampling: { ...sampling, ...changes },
    attention: (step) => attention.step(step),
    afterStep: (_, values) => void steps.push(values.slice()),
  });
  attention.close();
  return steps;
}

describe('StableDiffusion3Pipeline against diffusers', () => {
  it('has the same latents after every guided step', async () => {
    const steps = await latentsOf(pipeline, [sample]);
    expect(steps).toHaveLength(call.steps);
    for (const [step, values] of steps.entries()) {
      const reference = await readFloats(dumps.tensor(`sd3.latents${step}`));
      expect(relativeError(values, reference), `step ${step}`).toBeLessThan(1e-5);
    }
  });

  it('gives each sample of a batch the latents that it has alone, each with its own negative prompt', async () => {
    const other = { prompt: 'a small blue cube', seed: 7, negativePrompt: 'dusk' };
    const [alone, plain, both] = [
      (await latentsOf(pipeline, [other])).at(-1)!,
      (await latentsOf(pipeline, [{ prompt: other.prompt, seed: 7 }])).at(-1)!,
      (await latentsOf(pipeline, [sample, other])).at(-1)!,
    ];
    expect(relativeError(both.subarray(alone.length), alone)).toBeLessThan(1e-5);
    expect(relativeError(plain, alone)).toBeGreaterThan(1e-3);
  });

  it('without guidance runs the prompt alone, and a negative prompt has no effect', async () => {
    const one = (await latentsOf(pipeline, [sample], { guidance: 1 })).at(-1)!;
    const two = (await latentsOf(pipeline, [{ ...sample, negativePrompt: 'a cube' }], { guidance: 0 })).at(-1)!;
    expect(two).toEqual(one);
    expect([0, 1, 1.5].map((guidance) => pipeline.usesNegativePrompts({ ...sampling, guidance }))).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('leaves T5 out where the checkpoint does', async () => {
    const without = await mkdtemp(path.join(tmpdir(), 'sd3-no-t5-'));
    await cp(folder, without, { recursive: true });
    const index = JSON.parse(await readFile(path.join(folder, 'model_index.json'), 'utf8'));
    const changed = { ...index, text_encoder_3: [null, null], tokenizer_3: [null, null] };
    await writeFile(path.join(without, 'model_index.json'), JSON.stringify(changed));
    await rm(path.join(without, 'text_encoder_3'), { recursive: true });
    const opened = await openPipeline(without, device, options);
    expect(opened.describeSampling(sampling).textTokens).toBe(pipeline.describeSampling(sampling).textTokens);
    const latents = (await latentsOf(opened, [sample])).at(-1)!;
    expect(relativeError(latents, await readFloats(dumps.tensor('sd3.latents3')))).toBeGreaterThan(1e-3);
    expect(latents.every(Number.isFinite)).toBe(true);
    await opened.close();
    await rm(without, { recursive: true });
  });
});

describe('settings of the folder', () => {
  const variant = async (file: string, change: object): Promise<string> => {
    const other = await mkdtemp(path.join(tmpdir(), 'sd3-variant-'));
    onTestFinished(() => rm(other, { recursive: true }));
    await cp(folder, other, { recursive: true });
    const config = JSON.parse(await readFile(path.join(other, file), 'utf8'));
    await writeFile(path.join(other, file), JSON.stringify({ ...config, ...change }));
    return other;
  };

  it('a scheduler that shifts by size makes other latents', async () => {
    const shifted = await variant('scheduler/scheduler_config.json', { use_dynamic_shifting: true });
    const opened = await openPipeline(shifted, device, options);
    const latents = (await latentsOf(opened, [sample])).at(-1)!;
    expect(relativeError(latents, (await latentsOf(pipeline, [sample])).at(-1)!)).toBeGreaterThan(1e-2);
    await opened.close();
  });

  it('the native size is what the transformer was made for, as far as its position table goes', async () => {
    expect(pipeline.defaults).toEqual({ steps: 28, guidance: 7, width: 128, height: 128 });
    const large = await openPipeline(await variant('transformer/config.json', { sample_size: 999 }), device, options);
    expect(large.defaults).toMatchObject({ width: 384, height: 384 });
    await large.close();
  });

  it('a transformer of another family is refused by name', async () => {
    const flux = await variant('transformer/config.json', { _class_name: 'FluxTransformer2DModel' });
    const opened = openPipeline(flux, device);
    await expect(opened).rejects.toThrow(CheckpointError);
    await expect(opened).rejects.toThrow('describes a FluxTransformer2DModel; supported here: SD3Transformer2DModel');
  });
});

describe('SD3 under compression', () => {
  it('attends image first, over both halves of the guided batch', () => {
    expect(pipeline.describeSampling(sampling)).toMatchObject({
      tokenOrder: 'image-first',
      imageTokens: 24,
      textTokens: 109,
    });
  });

  it('a plan of full attention changes nothing, and a cached step does', async () => {
    const layers = pipeline.layers.map(({ name }) => name);
    const heads = pipeline.layers[0]!.heads;
    const planOf = (choice: (step: number) => number) => ({
      block: [32, 32] as const,
      methods: [FULL, CACHED],
      layers,
      choices: Array.from({ length: call.steps }, (_, step) =>
        layers.map(() => new Array<number>(heads).fill(choice(step))),
      ),
    });
    const plain = await pipeline.generate({ samples: [sample], sampling });
    const full = await pipeline.generate({ samples: [sample], sampling, plan: planOf(() => 0) });
    const cached = await pipeline.generate({ samples: [sample], sampling, plan: planOf((step) => (step > 0 ? 1 : 0)) });
    expect(full.images[0]!.pixels).toEqual(plain.images[0]!.pixels);
    expect(cached.images[0]!.pixels).not.toEqual(plain.images[0]!.pixels);
  });

  it('shares what the guided half computes, and refuses to without guidance', async () => {
    const layers = pipeline.layers.map(({ name }) => name);
    const heads = pipeline.layers[0]!.heads;
    const plan = (steps: number) => ({
      block: [32, 32] as const,
      methods: [parseMethod('cfg')],
      layers,
      choices: Array.from({ length: steps }, () => layers.map(() => new Array<number>(heads).fill(0))),
    });
    const seen: Float32Array[] = [];
    const attention = new PlanAttention(device, pipeline.layers, plan(call.steps));
    await pipeline.denoise({
      samples: [sample],
      sampling,
      attention: (step) => async (attentionCall) => {
        const out = await attention.step(step)(attentionCall);
        if (step === 1) seen.push(await device.download(out));
        return out;
      },
    });
    attention.close();
    for (const values of seen)
      expect(values.subarray(0, values.length / 2)).toEqual(values.subarray(values.length / 2));
    expect(seen).toHaveLength(layers.length);
    const unguided = { ...sampling, guidance: 1 };
    await expect(pipeline.generate({ samples: [sample], sampling: unguided, plan: plan(call.steps) })).rejects.toThrow(
      /uses cfg, which shares/,
    );
  });

  it('is calibrated like any other model', async () => {
    const { table, scheme } = await calibrate(pipeline, {
      ...{ prompts: [call.prompt], seeds: [1], sampling, delta: 0.5, headConstraint: 1.5 },
      candidates: ['arrow/4', 'arrow/4+residual', 'cfg', 'cfg+arrow/4', 'cached'].map(parseMethod),
    });
    expect(table).toMatchObject({ steps: call.steps, heads: 3, model: { family: 'sd3' } });
    expect(scheme.plan).toHaveLength(call.steps);
    expect(scheme.sampling.tokenOrder).toBe('image-first');
  });
});

describe('what SD3 refuses', () => {
  it('a size beyond its position table, naming the largest', () => {
    expect(() => pipeline.describeSampling({ ...sampling, width: 400 })).toThrow(SamplingError);
    expect(() => pipeline.describeSampling({ ...sampling, width: 400 })).toThrow('at most 384 pixels');
  });
});
