import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Checkpoint,
  CpuDevice,
  openPipeline,
  type Pipeline,
  readFloats,
  SafetensorsFile,
  verifyTransformer,
} from '../../mmdit/index.ts';
import { openTextEncoders } from '../../mmdit/text/open-text-encoders.ts';
import { openVaeDecoder } from '../../mmdit/vae/vae-decoder.ts';
import { relativeError } from '../relative-error.ts';

/** The checkpoint that ships, against what diffusers and transformers compute from the same folder (demo/dump_reference.py). */
const CHECKPOINT = 'demo/checkpoint';
const GOLDEN = 'test/golden/demo';
const TOLERANCE = 1e-4;

interface Reference {
  readonly call: {
    readonly prompt: string;
    readonly width: number;
    readonly height: number;
    readonly num_inference_steps: number;
    readonly guidance_scale: number;
    readonly seed: number;
  };
}
const { call } = JSON.parse(await readFile(`${GOLDEN}/pipeline.json`, 'utf8')) as Reference;
const dumps = await SafetensorsFile.open(`${GOLDEN}/pipeline.safetensors`);
const golden = (name: string) => readFloats(dumps.tensor(name));

let device: CpuDevice;
let pipeline: Pipeline;
beforeAll(async () => {
  device = await CpuDevice.open();
  pipeline = await openPipeline(CHECKPOINT, device);
});
afterAll(async () => {
  await pipeline.close();
  await device.close();
});

describe('the demo checkpoint computes what diffusers computes', () => {
  it('in every block of the transformer', async () => {
    const { tensors } = await verifyTransformer(
      `${CHECKPOINT}/transformer`,
      `${GOLDEN}/transformer-io.safetensors`,
      device,
    );
    expect(Object.keys(tensors)).toContain('mid.single5.attn');
    expect(Object.keys(tensors)).toContain('out.sample');
    for (const [name, { relative }] of Object.entries(tensors)) expect(relative, name).toBeLessThan(TOLERANCE);
  });

  it('in its text encoders', async () => {
    const encoders = await openTextEncoders(await Checkpoint.open(CHECKPOINT));
    const { context, pooled } = await encoders.encode([call.prompt]);
    expect(relativeError(context, await golden('text'))).toBeLessThan(TOLERANCE);
    expect(relativeError(pooled, await golden('pooled'))).toBeLessThan(TOLERANCE);
    await encoders.close();
  });

  it('in its VAE decoder', async () => {
    const decoder = await openVaeDecoder(await Checkpoint.open(CHECKPOINT));
    const image = await decoder.decode(await golden('vae.latent'), 6, 8);
    expect(relativeError(image, await golden('vae.image'))).toBeLessThan(TOLERANCE);
    await decoder.close();
  });

  it('from prompt and seed to latents and picture', async () => {
    const sampling = {
      steps: call.num_inference_steps,
      guidance: call.guidance_scale,
      width: call.width,
      height: call.height,
    };
    const samples = [{ prompt: call.prompt, seed: call.seed }];
    const hook = await pipeline.generate({ samples, sampling });
    const image = await golden('image');
    const plane = call.width * call.height;
    const { pixels } = hook.images[0]!;
    let worst = 0;
    for (let i = 0; i < pixels.length; i++) {
      worst = Math.max(worst, Math.abs(pixels[i]! - image[(i % 3) * plane + Math.floor(i / 3)]! * 255));
    }
    // Half a level is the rounding to 8 bits itself.
    expect(worst).toBeLessThan(0.55);
  });
});

describe('the demo checkpoint as a product', () => {
  it('is made for 512×512 in 20 steps with eight attention layers of six heads', () => {
    expect(pipeline.defaults).toEqual({ steps: 20, guidance: 3.5, width: 512, height: 512 });
    expect(pipeline.describeSampling(pipeline.defaults).imageTokens).toBe(1024);
    expect(pipeline.layers).toHaveLength(8);
    for (const { heads } of pipeline.layers) expect(heads).toBe(6);
  });

  it('names the words that it ignores, and knows every word of its own prompts', async () => {
    expect(pipeline.inspectPrompt('a Xylophone behind a teal ring!').ignoredWords).toEqual(['Xylophone']);
    const prompts = JSON.parse(await readFile('demo/prompts.json', 'utf8')) as Record<string, string | string[]>;
    const all = Object.values(prompts).flat();
    expect(all.length).toBeGreaterThanOrEqual(17);
    for (const prompt of all) expect(pipeline.inspectPrompt(prompt).ignoredWords, prompt).toEqual([]);
  });

  it('keeps the prompts for judging apart from those for calibration', async () => {
    const prompts = JSON.parse(await readFile('demo/prompts.json', 'utf8')) as Record<string, string[]>;
    expect(prompts.evaluation!.length).toBeGreaterThanOrEqual(8);
    for (const prompt of prompts.evaluation!) expect(prompts.calibration).not.toContain(prompt);
  });
});
