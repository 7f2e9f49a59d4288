import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Checkpoint } from '../../../mmdit/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
import { requireFluxTextWidths } from '../../../mmdit/describe/require-text-widths.ts';
import { readFluxConfig } from '../../../mmdit/models/flux-config.ts';
import { inspectCheckpoint } from '../../../mmdit/pipeline/inspect-checkpoint.ts';
import { writeSynthetic } from '../../../mmdit/synthetic/write-synthetic.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'arrowhead-inspect-'));
  cpSync('demo/checkpoint', folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (...parts: string[]) => path.join(folder, ...parts);
const problems = async () => {
  const { parts } = await inspectCheckpoint(folder);
  return Object.fromEntries(parts.filter(({ problem }) => problem).map(({ name, problem }) => [name, problem]));
};

it('tells family, size, dtype, heads, memory and licence', async () => {
  writeFileSync(at('LICENSE.md'), 'Apache-2.0');
  const report = await inspectCheckpoint(folder);
  expect(report).toMatchObject({ pipeline: 'FluxPipeline', family: 'flux', synthetic: false, licence: 'LICENSE.md' });
  const { transformer, parts } = report;
  expect(transformer).toMatchObject({ blocks: 8, heads: 6, headDim: 32 });
  const { parameters, dtypes, memory } = transformer!;
  expect(dtypes).toEqual({ BF16: parameters });
  expect(parts.find(({ name }) => name === 'transformer')?.bytes).toBe(2 * parameters);
  expect(memory).toMatchObject({ cpu: 4 * parameters, cuda: 2 * parameters });
  expect(memory.cudaFp8).toBeGreaterThan(parameters);
  expect(memory.cudaFp8).toBeLessThan(memory.cuda);
  expect(await problems()).toEqual({});
});

it('names missing and damaged parts one by one', async () => {
  rmSync(at('tokenizer_2'), { recursive: true });
  rmSync(at('vae', 'diffusion_pytorch_model.safetensors'));
  truncateSync(at('transformer', 'diffusion_pytorch_model.safetensors'), 1000);
  const index = JSON.parse(readFileSync(at('model_index.json'), 'utf8'));
  delete index.scheduler;
  writeFileSync(at('model_index.json'), JSON.stringify(index));
  const found = await problems();
  expect(Object.keys(found).sort()).toEqual(['scheduler', 'tokenizer_2', 'transformer', 'vae']);
  expect(found.scheduler).toMatch(/lists no "scheduler"/);
  expect(found.vae).toMatch(/vae.*\.safetensors/);
  expect(found.transformer).toMatch(/diffusion_pytorch_model\.safetensors/);
  expect(found.tokenizer_2).toMatch(/tokenizer_2: is missing; download this part too/);
});

it('a part that its pipeline does not have is named, one that only picture prompts need is not', async () => {
  const index = JSON.parse(readFileSync(at('model_index.json'), 'utf8'));
  const putIndex = (change: object) => writeFileSync(at('model_index.json'), JSON.stringify({ ...index, ...change }));
  putIndex({ image_encoder: ['transformers', 'CLIPVisionModelWithProjection'], feature_extractor: [null, null] });
  expect(await problems()).toEqual({});
  putIndex({ controlnet: ['diffusers', 'FluxControlNetModel'] });
  expect((await problems())['model_index.json']).toMatch(
    /field "controlnet" of FluxPipeline is not supported, found \["diffusers","FluxControlNetModel"\]; this version knows transformer/,
  );
  putIndex({ is_distilled: true });
  expect((await problems())['model_index.json']).toMatch(/field "is_distilled" of FluxPipeline .* found true/);
});

it('fields that compute nothing here are ignored and listed', async () => {
  const index = JSON.parse(readFileSync(at('model_index.json'), 'utf8'));
  const inert = {
    requires_safety_checker: false,
    safety_checker: ['stable_diffusion', 'StableDiffusionSafetyChecker'],
    feature_extractor: ['transformers', 'CLIPImageProcessor'],
    image_encoder: [null, null],
    force_zeros_for_empty_prompt: true,
  };
  writeFileSync(at('model_index.json'), JSON.stringify({ ...index, ...inert }));
  expect(await problems()).toEqual({});
  expect([...(await inspectCheckpoint(folder)).ignored].sort()).toEqual([
    'feature_extractor',
    'force_zeros_for_empty_prompt',
    'requires_safety_checker',
    'safety_checker',
  ]);
});

it.each(['FluxKontextPipeline', 'FluxImg2ImgPipeline', 'FluxInpaintPipeline'])(
  'a %s is run from text to image, which is said',
  async (listed) => {
    const index = JSON.parse(readFileSync(at('model_index.json'), 'utf8'));
    writeFileSync(at('model_index.json'), JSON.stringify({ ...index, _class_name: listed }));
    const report = await inspectCheckpoint(folder);
    expect(report).toMatchObject({ pipeline: listed, family: 'flux' });
    expect(report.notice).toBe(
      `the checkpoint is a ${listed}; it is run as FluxPipeline, from text to image, without a picture to start from`,
    );
    expect(await problems()).toEqual({});
  },
);

it('each broken part is blamed on its own row', async () => {
  writeFileSync(at('tokenizer_2', 'tokenizer.json'), '<!DOCTYPE html><html></html>');
  writeFileSync(at('text_encoder', 'model.safetensors'), 'version https://git-lfs.github.com/spec/v1\nsize 9\n');
  const found = await problems();
  expect(Object.keys(found).sort()).toEqual(['text_encoder', 'tokenizer_2']);
  expect(found.tokenizer_2).toMatch(/tokenizer_2.tokenizer\.json: is a web page/);
  expect(found.text_encoder).toMatch(/model\.safetensors: is a Git LFS pointer/);
});

it.each([
  ['text_encoder_2', 'd_model', 'joint_attention_dim'],
  ['text_encoder', 'hidden_size', 'pooled_projection_dim'],
])('a %s of another width is found without reading weights', async (part, field, asked) => {
  const config = JSON.parse(readFileSync(at('transformer', 'config.json'), 'utf8'));
  const width = JSON.parse(readFileSync(at(part, 'config.json'), 'utf8'))[field];
  writeFileSync(at('transformer', 'config.json'), JSON.stringify({ ...config, [asked]: 4 * width }));
  // A transformer that fits its config, as one of another model would.
  const checkpoint = await Checkpoint.open(folder);
  const flux = readFluxConfig(await checkpoint.config('transformer'));
  const message = `${at(part, 'config.json')}: field "${field}" is ${width}; the transformer's ${asked} is ${4 * width}, so this text encoder belongs to another model`;
  await expect(requireFluxTextWidths(checkpoint, flux)).rejects.toThrow(message);
  expect((await problems())[part]).toBe(message);
});

it('a quantised checkpoint is called so', async () => {
  const file = at('transformer', 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  const quantization_config = { quant_method: 'bitsandbytes', load_in_4bit: true, bnb_4bit_quant_type: 'nf4' };
  writeFileSync(file, JSON.stringify({ ...config, quantization_config }));
  expect((await problems()).transformer).toMatch(
    /transformer.config\.json: is a quantised checkpoint \(bitsandbytes nf4\)/,
  );
});

it('links out of the folder are followed and listed', async () => {
  rmSync(at('vae'), { recursive: true });
  symlinkSync(path.resolve('demo/checkpoint/vae'), at('vae'));
  const { links } = await inspectCheckpoint(folder);
  expect(links).toEqual([{ path: 'vae', target: path.resolve('demo/checkpoint/vae') }]);
  expect(await problems()).toEqual({});
});

it('another pipeline is told by its name, without a family', async () => {
  writeFileSync(
    at('model_index.json'),
    JSON.stringify({ _class_name: 'PixArtPipeline', vae: ['diffusers', 'AutoencoderKL'] }),
  );
  const report = await inspectCheckpoint(folder);
  expect(report).toMatchObject({ pipeline: 'PixArtPipeline', family: null, transformer: null });
  expect(report.parts.map(({ name }) => name)).toEqual(['vae']);
});

/** Parameters as the makers' papers and pages count them. */
it.each([
  ['flux-dev', 11.9e9, 'flux', 57, 24],
  ['flux-schnell', 11.89e9, 'flux', 57, 24],
  ['sd3-medium', 2.03e9, 'sd3', 24, 24],
  ['sd35-medium', 2.24e9, 'sd3', 24, 24],
  ['sd35-large', 8.06e9, 'sd3', 38, 38],
] as const)('a synthetic %s has the real one’s size and misses nothing', async (shape, size, family, blocks, heads) => {
  rmSync(folder, { recursive: true });
  await writeSynthetic(folder, shape, { seed: 1 });
  const { transformer, ...report } = await inspectCheckpoint(folder);
  expect(report).toMatchObject({ family, synthetic: true });
  expect(transformer).toMatchObject({ blocks, heads, dtypes: {} });
  const { parameters, memory } = transformer!;
  expect(parameters / size).toBeCloseTo(1, 2);
  expect(memory.cuda).toBe(2 * parameters);
  expect(memory.cudaFp8).toBeLessThan(0.75 * memory.cuda);
  expect(memory.cpu).toBeGreaterThanOrEqual(4 * parameters);
  expect(await problems()).toEqual({});
});

it('a transformer whose weights do not fit its config is told before it is opened', async () => {
  const file = at('transformer', 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...config, num_layers: config.num_layers + 1 }));
  expect((await problems()).transformer).toMatch(/has no tensor "transformer_blocks\.\d+\./);
  writeFileSync(file, JSON.stringify({ ...config, joint_attention_dim: 99 }));
  expect((await problems()).transformer).toMatch(/"context_embedder\.weight" has shape .* asks for \[192, 99\]/);
});

it('a folder that is no checkpoint is an error that says so', async () => {
  await expect(inspectCheckpoint(at('vae'))).rejects.toThrow(CheckpointError);
  await expect(inspectCheckpoint(at('nowhere'))).rejects.toThrow(/does not exist/);
});
