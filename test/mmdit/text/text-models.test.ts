import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
import { Component } from '../../../mmdit/checkpoint/component.ts';
import { ClipTextEncoder } from '../../../mmdit/text/clip-text-encoder.ts';
import { T5TextEncoder } from '../../../mmdit/text/t5-text-encoder.ts';
import { GOLDEN, goldenFloats, goldenRows, relativeError } from '../onnx/golden.ts';
import { narrowed, readTensors, temporaryFolder, writeComponent } from '../onnx/rewritten-component.ts';

const CLIP = path.join(GOLDEN, 'clip-tiny/text_encoder');
const T5 = path.join(GOLDEN, 't5-tiny/text_encoder_2');

describe('CLIP text model', () => {
  test('matches transformers', async () => {
    const encoder = await ClipTextEncoder.open(await Component.open(CLIP), 77);
    const ids = await goldenRows('clip-tiny/io.safetensors', 'ids');
    const last = await goldenFloats('clip-tiny/io.safetensors', 'last_hidden_state');
    const penultimate = await goldenFloats('clip-tiny/io.safetensors', 'hidden_state_-2');
    const embeds = await goldenFloats('clip-tiny/io.safetensors', 'text_embeds');
    for (const [row, prompt] of ids.entries()) {
      const out = await encoder.encode(prompt);
      const slice = (whole: Float32Array) => {
        const length = whole.length / ids.length;
        return whole.subarray(row * length, (row + 1) * length);
      };
      expect(relativeError(out.lastHiddenState, slice(last))).toBeLessThan(1e-5);
      expect(relativeError(out.penultimate, slice(penultimate))).toBeLessThan(1e-5);
      expect(relativeError(out.textEmbed!, slice(embeds))).toBeLessThan(1e-5);
    }
    await encoder.close();
  });

  test('pools at the first end-of-text token, or at the first token where there is none', async () => {
    const temporary = await temporaryFolder();
    await writeComponent(CLIP, temporary, await readTensors(CLIP), { config: { eos_token_id: 7 } });
    const encoder = await ClipTextEncoder.open(await Component.open(temporary), 6);
    const rowOf = (state: Float32Array, row: number) => [...state.subarray(row * 32, (row + 1) * 32)];
    const withEos = await encoder.encode([0, 5, 7, 9, 7, 7]);
    expect([...withEos.pooled]).toEqual(rowOf(withEos.lastHiddenState, 2));
    const without = await encoder.encode([0, 5, 5, 9, 5, 5]);
    expect([...without.pooled]).toEqual(rowOf(without.lastHiddenState, 0));
    await encoder.close();
  });

  test.each([
    [{ hidden_act: 'swish' }, /config\.json: field "hidden_act"/],
    [{ rope_theta: 1 }, /field "rope_theta" of CLIPTextModelWithProjection is not supported/],
    [{ num_attention_heads: 5 }, /hidden_size 32 is no multiple of num_attention_heads 5/],
    [{ num_hidden_layers: 1e9 }, /field "num_hidden_layers"/],
    [{ architectures: ['BertModel'] }, /describes a BertModel; supported here: CLIPTextModel, CLIPText/],
    [{ intermediate_size: 50 }, /fc1\.weight" has shape \[48, 32\], its config\.json asks for \[50, 32\]/],
    [{ num_hidden_layers: 3 }, /has no tensor "text_model\.encoder\.layers\.2\.layer_norm1\.weight"/],
  ])('refuses %o', async (config, message) => {
    const temporary = await temporaryFolder();
    await writeComponent(CLIP, temporary, await readTensors(CLIP), { config });
    const opened = Component.open(temporary).then((component) => ClipTextEncoder.open(component, 77));
    await expect(opened).rejects.toThrow(CheckpointError);
    await expect(opened).rejects.toThrow(message);
  });

  test('refuses ids of another tokenizer', async () => {
    const encoder = await ClipTextEncoder.open(await Component.open(CLIP), 3);
    await expect(encoder.encode([0, 120, 2])).rejects.toThrow(/gives id 120, but vocab_size is 120/);
    await encoder.close();
  });
});

describe('T5 encoder', () => {
  async function encodeAll(folder: string): Promise<Float32Array> {
    const encoder = await T5TextEncoder.open(await Component.open(folder), 40);
    const states: number[] = [];
    for (const ids of await goldenRows('t5-tiny/io.safetensors', 'ids')) states.push(...(await encoder.encode(ids)));
    await encoder.close();
    return new Float32Array(states);
  }

  test('matches transformers', async () => {
    const expected = await goldenFloats('t5-tiny/io.safetensors', 'last_hidden_state');
    expect(relativeError(await encodeAll(T5), expected)).toBeLessThan(1e-5);
  });

  test('looks up the encoder’s own embeddings where they are untied', async () => {
    const folder = await temporaryFolder();
    const tensors = await readTensors(T5);
    const shared = tensors.find(({ name }) => name === 'shared.weight')!;
    const zeroed = { ...shared, bytes: new Uint8Array(shared.bytes.length) };
    const others = tensors.filter((tensor) => tensor !== shared);
    await writeComponent(T5, folder, [...others, zeroed, { ...shared, name: 'encoder.embed_tokens.weight' }]);
    expect([...(await encodeAll(folder))]).toEqual([...(await encodeAll(T5))]);
  });

  test.each([1, 5])('reads weights at odd offsets, shifted by %i', async (headerPadding) => {
    const temporary = await temporaryFolder();
    const { narrow, rounded } = narrowed(await readTensors(T5), 'F16');
    const [left, right] = ['narrow', 'rounded'].map((name) => path.join(temporary, name)) as [string, string];
    await writeComponent(T5, left, narrow, { shards: 2, headerPadding });
    await writeComponent(T5, right, rounded);
    expect(relativeError(await encodeAll(left), await encodeAll(right))).toBeLessThan(1e-6);
  });

  test.each([
    [{ feed_forward_proj: 'gated-silu' }, /field "feed_forward_proj"/],
    [{ feed_forward_proj: 'relu' }, /feed_forward_proj "relu" disagrees with is_gated_act true/],
    [{ is_decoder: true }, /field "is_decoder"/],
    [{ architectures: ['UMT5EncoderModel'], model_type: 'umt5' }, /describes an UMT5EncoderModel; supported here: T5/],
    [{ d_kv: 4 }, /SelfAttention\.q\.weight" has shape \[24, 24\], its config\.json asks for \[12, 24\]/],
  ])('refuses %o', async (config, message) => {
    const temporary = await temporaryFolder();
    await writeComponent(T5, temporary, await readTensors(T5), { config });
    const opened = Component.open(temporary).then((component) => T5TextEncoder.open(component, 40));
    await expect(opened).rejects.toThrow(CheckpointError);
    await expect(opened).rejects.toThrow(message);
  });

  test('a truncated file is refused before anything runs', async () => {
    const temporary = await temporaryFolder();
    const tensors = await readTensors(T5);
    const last = tensors.at(-1)!;
    await writeComponent(T5, temporary, [...tensors.slice(0, -1), { ...last, bytes: last.bytes.slice(4) }]);
    await expect(Component.open(temporary)).rejects.toThrow(/model\.safetensors: tensor ".*needs \d+ bytes/);
  });
});
