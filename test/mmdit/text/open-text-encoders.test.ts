import { cp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Checkpoint } from '../../../mmdit/checkpoint/checkpoint.ts';
import { openTextEncoders } from '../../../mmdit/text/open-text-encoders.ts';
import { GOLDEN, goldenFloats, relativeError } from '../onnx/golden.ts';
import { temporaryFolder } from '../onnx/rewritten-component.ts';

const FLUX = path.join(GOLDEN, 'pipeline/flux-pipeline-tiny');
const SD3 = path.join(GOLDEN, 'pipeline/sd3-pipeline-tiny');
const PROMPT = 'a large red sphere left of a small blue cube, on the grass at dusk!';

test('embeds a prompt as the diffusers FLUX pipeline does', async () => {
  const encoders = await openTextEncoders(await Checkpoint.open(FLUX), { textTokens: 32 });
  const one = await encoders.encode([PROMPT]);
  expect([one.textTokens, one.contextDim, one.pooledDim]).toEqual([32, 24, 16]);
  const dumps = 'pipeline/pipeline-dumps.safetensors';
  expect(relativeError(one.context, await goldenFloats(dumps, 'flux.prompt_embeds'))).toBeLessThan(1e-5);
  expect(relativeError(one.pooled, await goldenFloats(dumps, 'flux.pooled'))).toBeLessThan(1e-5);

  const batch = await encoders.encode(['', PROMPT]);
  expect(batch.context).toHaveLength(2 * 32 * 24);
  expect([...batch.context.subarray(32 * 24)]).toEqual([...one.context]);
  expect([...batch.pooled.subarray(16)]).toEqual([...one.pooled]);
  await encoders.close();
});

test('the text length is the pipeline’s 512 where the tokenizer names none', async () => {
  const encoders = await openTextEncoders(await Checkpoint.open(FLUX));
  expect(encoders.tokenizers.textTokens).toBe(512);
  expect(encoders.tokenizers.inspect('a '.repeat(600)).reads).toEqual([
    { encoder: 'CLIP', promptTokens: 600, readTokens: 75 },
    { encoder: 'T5', promptTokens: 600, readTokens: 511 },
  ]);
  await encoders.close();
  await expect(openTextEncoders(await Checkpoint.open(FLUX), { textTokens: 513 })).rejects.toThrow(RangeError);
});

test('SD3 reads 77 tokens with CLIP and 256 with T5, and each says what it reads', async () => {
  const encoders = await openTextEncoders(await Checkpoint.open(SD3));
  expect(encoders.tokenizers.textTokens).toBe(77 + 256);
  expect(encoders.tokenizers.inspect('a '.repeat(100)).reads).toEqual([
    { encoder: 'CLIP', promptTokens: 100, readTokens: 75 },
    { encoder: 'T5', promptTokens: 100, readTokens: 100 },
  ]);
  expect(encoders.tokenizers.inspect('a '.repeat(300)).reads).toEqual([
    { encoder: 'CLIP', promptTokens: 300, readTokens: 75 },
    { encoder: 'T5', promptTokens: 300, readTokens: 255 },
  ]);
  await encoders.close();
});

test('a cancelled encode rejects with the reason', async () => {
  const encoders = await openTextEncoders(await Checkpoint.open(FLUX), { textTokens: 32 });
  await expect(encoders.encode([PROMPT], AbortSignal.abort())).rejects.toThrow(/abort/i);
  await encoders.close();
});

test('another pipeline class is named', async () => {
  const temporary = await temporaryFolder();
  await writeFile(path.join(temporary, 'model_index.json'), '{"_class_name": "WanPipeline"}');
  const opened = openTextEncoders(await Checkpoint.open(temporary));
  await expect(opened).rejects.toThrow(/is a WanPipeline; text encoders are supported for FluxPipeline/);
});

test('a tokenizer longer than CLIP’s positions is refused', async () => {
  const temporary = await temporaryFolder();
  const copy = path.join(temporary, 'flux');
  await cp(FLUX, copy, { recursive: true });
  await writeFile(path.join(copy, 'tokenizer/tokenizer_config.json'), '{"model_max_length": 78}');
  const opened = openTextEncoders(await Checkpoint.open(copy));
  await expect(opened).rejects.toThrow(/max_position_embeddings is 77, but the tokenizer's model_max_length is 78/);
});
