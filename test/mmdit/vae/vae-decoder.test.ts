import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Checkpoint } from '../../../mmdit/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
import { openVaeDecoder, type VaeDecoder } from '../../../mmdit/vae/vae-decoder.ts';
import { GOLDEN, goldenFloats, relativeError } from '../onnx/golden.ts';
import { readTensors, type StoredTensor, temporaryFolder, writeComponent } from '../onnx/rewritten-component.ts';

const VAE = path.join(GOLDEN, 'vae-tiny/vae');
const IO = 'vae-tiny/io.safetensors';

/** Opens a pipeline folder whose vae is the golden one, changed as told. */
async function withDecoder<T>(
  change: { config?: Record<string, unknown>; tensors?: (tensors: StoredTensor[]) => StoredTensor[] },
  use: (decoder: VaeDecoder) => Promise<T>,
): Promise<T> {
  const temporary = await temporaryFolder();
  const index = { _class_name: 'FluxPipeline', vae: ['diffusers', 'AutoencoderKL'] };
  await writeFile(path.join(temporary, 'model_index.json'), JSON.stringify(index));
  const tensors = await readTensors(VAE);
  const { config = {} } = change;
  await writeComponent(VAE, path.join(temporary, 'vae'), change.tensors?.(tensors) ?? tensors, { config });
  const decoder = await openVaeDecoder(await Checkpoint.open(temporary));
  try {
    return await use(decoder);
  } finally {
    await decoder.close();
  }
}

async function decodeGolden(decoder: VaeDecoder): Promise<Float32Array> {
  return decoder.decode(await goldenFloats(IO, 'latent'), 6, 8);
}

test('matches diffusers', async () => {
  await withDecoder({}, async (decoder) => {
    expect([decoder.latentChannels, decoder.scaleFactor]).toEqual([16, 8]);
    const image = await decodeGolden(decoder);
    expect(relativeError(image, await goldenFloats(IO, 'image'))).toBeLessThan(1e-5);
    expect([...(await decodeGolden(decoder))]).toEqual([...image]);
  });
});

test('leaves the encoder, which every real checkpoint brings, where it is', async () => {
  const encoder = { name: 'encoder.conv_in.weight', dtype: 'F32', shape: [1], bytes: new Uint8Array(4) } as const;
  await withDecoder({ tensors: (all) => [...all, encoder] }, async (decoder) => {
    expect(relativeError(await decodeGolden(decoder), await goldenFloats(IO, 'image'))).toBeLessThan(1e-5);
  });
});

test('works without mid-block attention, with post_quant_conv, and with a missing shift', async () => {
  const identity = new Float32Array(16 * 16);
  for (let channel = 0; channel < 16; channel++) identity[channel * 17] = 1;
  const tensors = (all: StoredTensor[]): StoredTensor[] => [
    ...all.filter(({ name }) => !name.includes('decoder.mid_block.attentions')),
    { name: 'post_quant_conv.weight', dtype: 'F32', shape: [16, 16, 1, 1], bytes: new Uint8Array(identity.buffer) },
    { name: 'post_quant_conv.bias', dtype: 'F32', shape: [16], bytes: new Uint8Array(64) },
  ];
  const latents = await goldenFloats(IO, 'latent');
  const plain = { mid_block_add_attention: false };
  const shifted = await withDecoder({ config: plain, tensors }, (decoder) => decoder.decode(latents, 6, 8));
  const unshifted = { ...plain, use_post_quant_conv: true, shift_factor: null };
  const moved = latents.map((value) => value + 0.1159 * 0.3611);
  const same = await withDecoder({ config: unshifted, tensors }, (decoder) => decoder.decode(moved, 6, 8));
  expect(relativeError(same, shifted)).toBeLessThan(1e-5);
});

test('takes any size, and refuses latents of another', async () => {
  await withDecoder({}, async (decoder) => {
    expect(await decoder.decode(new Float32Array(16 * 3), 1, 3)).toHaveLength(3 * 8 * 24);
    await expect(decoder.decode(new Float32Array(16), 1, 3)).rejects.toThrow(/\[1, 16, 1, 3\] need 48 values.*got 16/);
    await expect(decoder.decode(new Float32Array(0), 0, 3)).rejects.toThrow(RangeError);
    await expect(decoder.decode(new Float32Array(48), 1, 3, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });
});

test.each([
  [{ act_fn: 'relu' }, /vae.config\.json: field "act_fn"/],
  [{ _class_name: 'AutoencoderTiny' }, /describes an AutoencoderTiny; supported here: AutoencoderKL/],
  [{ latents_mean: [0] }, /field "latents_mean"/],
  [{ tiling: true }, /field "tiling" of AutoencoderKL is not supported/],
  [{ norm_num_groups: 3 }, /block_out_channels 8 is no multiple of norm_num_groups 3/],
  [{ up_block_types: ['UpDecoderBlock2D'] }, /up_block_types has 1 entries, block_out_channels has 4/],
  [{ up_block_types: ['AttnUpDecoderBlock2D'] }, /field "up_block_types\.0"/],
  [{ layers_per_block: 3 }, /has no tensor "decoder\.up_blocks\.0\.resnets\.3\.norm1\.weight"/],
  [{ latent_channels: 8 }, /decoder\.conv_in\.weight" has shape \[16, 16, 3, 3\].* asks for \[16, 8, 3, 3\]/],
])('refuses %o', async (config, message) => {
  const opened = withDecoder({ config }, decodeGolden);
  await expect(opened).rejects.toThrow(CheckpointError);
  await expect(opened).rejects.toThrow(message);
});
