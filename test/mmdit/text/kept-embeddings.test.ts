import { cp, readdir, utimes } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Checkpoint } from '../../../mmdit/checkpoint/checkpoint.ts';
import { OnnxSession } from '../../../mmdit/onnx/onnx-session.ts';
import { EmbeddingFolder } from '../../../mmdit/text/embedding-folder.ts';
import { KeptEmbeddings } from '../../../mmdit/text/kept-embeddings.ts';
import { openTextEncoders } from '../../../mmdit/text/open-text-encoders.ts';
import type { TextEmbeddings } from '../../../mmdit/text/text-encoders.ts';
import { GOLDEN } from '../onnx/golden.ts';
import { temporaryFolder } from '../onnx/rewritten-component.ts';

const PROMPTS = ['a large red sphere', '', 'a blue cube'];

afterEach(() => vi.restoreAllMocks());

/** Encodes as a new process does, and counts the networks that were opened. */
async function encode(
  checkpoint: string,
  embeddings: EmbeddingFolder,
  prompts = PROMPTS,
  textTokens = 32,
): Promise<TextEmbeddings & { opened: number }> {
  const open = vi.spyOn(OnnxSession, 'open');
  const encoders = await openTextEncoders(await Checkpoint.open(checkpoint), { textTokens, embeddings });
  const encoded = await encoders.encode(prompts);
  await encoders.close();
  const opened = open.mock.calls.length;
  open.mockRestore();
  return { ...encoded, opened };
}

describe.each([
  ['FLUX', 'flux-pipeline-tiny', 'text_encoder_2'],
  ['SD3', 'sd3-pipeline-tiny', 'text_encoder_3'],
])('%s', (_, name, t5) => {
  const checkpoint = path.join(GOLDEN, 'pipeline', name);

  test('prompts that are known open no text encoder, and give the bits that encoding gives', async () => {
    const folder = new EmbeddingFolder(await temporaryFolder(), 2 ** 30);
    const first = await encode(checkpoint, folder);
    const again = await encode(checkpoint, folder, [...PROMPTS].reverse());
    expect(first.opened).toBeGreaterThan(0);
    expect(again.opened).toBe(0);
    const anew = await encode(checkpoint, new EmbeddingFolder('unused', 0), [...PROMPTS].reverse());
    expect(anew.opened).toBe(first.opened);
    expect(again.context).toEqual(anew.context);
    expect(again.pooled).toEqual(anew.pooled);
    // One more than known: encoders run for that one alone.
    expect((await encode(checkpoint, folder, [...PROMPTS, 'new'])).opened).toBe(first.opened);
    expect(await readdir(folder.folder)).toHaveLength(PROMPTS.length + 1);
  });

  test('another text length, other weights and a changed file are other embeddings', async () => {
    const temporary = await temporaryFolder();
    const folder = new EmbeddingFolder(path.join(temporary, 'embeddings'), 2 ** 30);
    const copy = path.join(temporary, 'copy');
    await cp(checkpoint, copy, { recursive: true, preserveTimestamps: true });
    await encode(checkpoint, folder);
    expect((await encode(copy, folder)).opened).toBe(0);
    expect((await encode(copy, folder, PROMPTS, 33)).opened).toBeGreaterThan(0);

    const weights = path.join(copy, t5, 'model.safetensors');
    await utimes(weights, 1, 1);
    expect((await encode(copy, folder)).opened).toBeGreaterThan(0);
    expect((await encode(checkpoint, folder)).opened).toBe(0);
  });

  test('what cannot be kept is computed every time', async () => {
    const nowhere = new EmbeddingFolder(path.join(checkpoint, 'model_index.json', 'embeddings'), 2 ** 30);
    const [first, second] = [await encode(checkpoint, nowhere), await encode(checkpoint, nowhere)];
    expect(second.opened).toBe(first.opened);
    expect(second.context).toEqual(first.context);
  });
});

test('an embedding that is no number is an error of its own, and is not kept', async () => {
  const folder = new EmbeddingFolder(await temporaryFolder(), 2 ** 30);
  const kept = new KeptEmbeddings(folder, { context: 3, pooled: 1 }, async () => 'encoders');
  const embedding = (value: number) => ({ context: Float32Array.of(0, value, 1), pooled: Float32Array.of(1) });
  await expect(kept.get([[7]], async () => embedding(Number.NaN))).rejects.toThrow(
    /put out NaN in the context embedding .*element 1 of 3/,
  );
  expect((await kept.get([[7]], async () => embedding(2))).context[1]).toBe(2);
});
