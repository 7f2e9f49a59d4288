import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
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
  expect(Object.keys(found).sort()).toEqual(['scheduler', 'text_encoder', 'transformer', 'vae']);
  expect(found.scheduler).toMatch(/lists no "scheduler"/);
  expect(found.vae).toMatch(/vae.*\.safetensors/);
  expect(found.transformer).toMatch(/diffusion_pytorch_model\.safetensors/);
  // Encoders and tokenizers are opened together: the message names the one.
  expect(found.text_encoder).toMatch(/tokenizer_2/);
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

it('a part that is a link out of the folder is refused', async () => {
  rmSync(at('vae'), { recursive: true });
  symlinkSync(path.resolve('demo/checkpoint/vae'), at('vae'));
  expect((await problems()).vae).toMatch(/outside/);
});

it.each([
  'scheduler/scheduler_config.json',
  'tokenizer/tokenizer.json',
  'tokenizer_2/tokenizer_config.json',
  'vae/config.json',
])('a link out of the folder for %s is refused', async (file) => {
  const elsewhere = `${folder}.elsewhere.json`;
  onTestFinished(() => rmSync(elsewhere));
  cpSync(at(file), elsewhere);
  rmSync(at(file));
  symlinkSync(elsewhere, at(file));
  expect(Object.values(await problems())).toEqual([expect.stringMatching(/is a link to .* outside the checkpoint/)]);
});

it.each(['scheduler', 'tokenizer', 'tokenizer_2', 'text_encoder'])(
  'a link out of it for %s is refused',
  async (part) => {
    rmSync(at(part), { recursive: true });
    symlinkSync(path.resolve('demo/checkpoint', part), at(part));
    const found = Object.values(await problems());
    expect(found).toEqual([expect.stringMatching(new RegExp(`${part}: is a link to .* outside the checkpoint`))]);
  },
);

it('links out of the folder for model_index.json, defaults.json and synthetic.json are refused', async () => {
  const elsewhere = `${folder}.elsewhere.json`;
  onTestFinished(() => rmSync(elsewhere));
  cpSync(at('model_index.json'), elsewhere);
  symlinkSync(elsewhere, at('synthetic.json'));
  await expect(inspectCheckpoint(folder)).rejects.toThrow(/synthetic\.json: is a link to .* outside/);
  rmSync(at('synthetic.json'));
  rmSync(at('model_index.json'));
  symlinkSync(elsewhere, at('model_index.json'));
  await expect(inspectCheckpoint(folder)).rejects.toThrow(/model_index\.json: is a link to .* outside/);
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
  await expect(inspectCheckpoint(at('nowhere'))).rejects.toThrow(/is no folder/);
});
