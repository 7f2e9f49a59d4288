import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { Checkpoint } from '../../../mmdit/checkpoint/checkpoint.ts';
import { Component } from '../../../mmdit/checkpoint/component.ts';
import { ClipTextEncoder } from '../../../mmdit/text/clip-text-encoder.ts';
import { T5TextEncoder } from '../../../mmdit/text/t5-text-encoder.ts';
import { openVaeDecoder } from '../../../mmdit/vae/vae-decoder.ts';
import { GOLDEN, goldenFloats, goldenRows, relativeError } from './golden.ts';
import { narrowed, readTensors, type StoredTensor, temporaryFolder, writeComponent } from './rewritten-component.ts';

/** A network of the goldens: where it is, what runs it from a folder, and what PyTorch computed. */
interface Network {
  readonly component: string;
  readonly run: (pipeline: string) => Promise<Float32Array>;
  readonly expected: () => Promise<Float32Array>;
}

const NETWORKS: Readonly<Record<string, Network>> = {
  CLIP: {
    component: 'clip-tiny/text_encoder',
    run: async (pipeline) => {
      const encoder = await ClipTextEncoder.open(await Component.open(path.join(pipeline, 'text_encoder')), 77);
      const embeds: number[] = [];
      for (const ids of await goldenRows('clip-tiny/io.safetensors', 'ids'))
        embeds.push(...(await encoder.encode(ids)).textEmbed!);
      await encoder.close();
      return new Float32Array(embeds);
    },
    expected: () => goldenFloats('clip-tiny/io.safetensors', 'text_embeds'),
  },
  T5: {
    component: 't5-tiny/text_encoder_2',
    run: async (pipeline) => {
      const encoder = await T5TextEncoder.open(await Component.open(path.join(pipeline, 'text_encoder_2')), 40);
      const states: number[] = [];
      for (const ids of await goldenRows('t5-tiny/io.safetensors', 'ids')) states.push(...(await encoder.encode(ids)));
      await encoder.close();
      return new Float32Array(states);
    },
    expected: () => goldenFloats('t5-tiny/io.safetensors', 'last_hidden_state'),
  },
  VAE: {
    component: 'vae-tiny/vae',
    run: async (pipeline) => {
      const decoder = await openVaeDecoder(await Checkpoint.open(pipeline));
      const image = await decoder.decode(await goldenFloats('vae-tiny/io.safetensors', 'latent'), 6, 8);
      await decoder.close();
      return image;
    },
    expected: () => goldenFloats('vae-tiny/io.safetensors', 'image'),
  },
};

/** What rounding the weights to a dtype may do to the result; in float32 it is diffusers' own. */
const STORED = { F32: 1e-5, F16: 5e-3, BF16: 5e-2 } as const;

describe.each(Object.entries(NETWORKS))('%s', (_, { component, run, expected }) => {
  async function runWith(tensors: readonly StoredTensor[], shards: number): Promise<Float32Array> {
    const pipeline = await temporaryFolder();
    const name = path.basename(component);
    const index = { _class_name: 'FluxPipeline', [name]: ['library', 'Class'] };
    await writeFile(path.join(pipeline, 'model_index.json'), JSON.stringify(index));
    await writeComponent(path.join(GOLDEN, component), path.join(pipeline, name), tensors, { shards });
    return run(pipeline);
  }

  test.each([
    ['F32', 1],
    ['F32', 3],
    ['F16', 1],
    ['F16', 4],
    ['BF16', 1],
    ['BF16', 3],
  ] as const)('reads %s weights in %i files', async (dtype, shards) => {
    const tensors = await readTensors(path.join(GOLDEN, component));
    const { narrow, rounded } = dtype === 'F32' ? { narrow: tensors, rounded: tensors } : narrowed(tensors, dtype);
    const actual = await runWith(narrow, shards);
    // The same numbers kept in float32, and the golden within what rounding does.
    expect(relativeError(actual, await runWith(rounded, 1))).toBeLessThan(1e-6);
    expect(relativeError(actual, await expected())).toBeLessThan(STORED[dtype]);
  });
});
