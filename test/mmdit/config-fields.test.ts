import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointError } from '../../mmdit/checkpoint/checkpoint-error.ts';
import { Component } from '../../mmdit/checkpoint/component.ts';
import { encodeSafetensors } from '../../mmdit/checkpoint/safetensors-writer.ts';
import { readFluxConfig } from '../../mmdit/models/flux-config.ts';
import { readSd3Config } from '../../mmdit/models/sd3-config.ts';
import { readFlowMatchConfig } from '../../mmdit/schedulers/flow-match-config.ts';
import { readClipConfig } from '../../mmdit/text/clip-config.ts';
import { readT5Config } from '../../mmdit/text/t5-config.ts';
import { readVaeConfig } from '../../mmdit/vae/vae-config.ts';

/** Arguments of the classes' constructors in diffusers 0.40, of the configs' in transformers 5. */
const FLUX =
  'patch_size in_channels out_channels num_layers num_single_layers attention_head_dim num_attention_heads joint_attention_dim pooled_projection_dim guidance_embeds axes_dims_rope';
const SD3 =
  'sample_size patch_size in_channels num_layers attention_head_dim num_attention_heads joint_attention_dim caption_projection_dim pooled_projection_dim out_channels pos_embed_max_size dual_attention_layers qk_norm';
const VAE =
  'out_channels up_block_types block_out_channels layers_per_block act_fn latent_channels norm_num_groups scaling_factor shift_factor latents_mean latents_std use_post_quant_conv mid_block_add_attention sample_size';
const VAE_INERT = 'in_channels down_block_types force_upcast use_quant_conv';
const CLIP =
  'vocab_size hidden_size intermediate_size projection_dim num_hidden_layers num_attention_heads max_position_embeddings hidden_act layer_norm_eps eos_token_id';
const CLIP_INERT = 'attention_dropout initializer_range initializer_factor pad_token_id bos_token_id';
const T5 =
  'vocab_size d_model d_kv d_ff num_layers num_heads relative_attention_num_buckets relative_attention_max_distance layer_norm_epsilon feed_forward_proj is_decoder';
const T5_INERT =
  'num_decoder_layers dropout_rate classifier_dropout initializer_factor is_encoder_decoder use_cache pad_token_id eos_token_id';
const SCHEDULER =
  'num_train_timesteps shift use_dynamic_shifting base_shift max_shift base_image_seq_len max_image_seq_len invert_sigmas shift_terminal use_karras_sigmas use_exponential_sigmas use_beta_sigmas time_shift_type stochastic_sampling';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'config-fields-'));
  await writeFile(path.join(folder, 'model.safetensors'), encodeSafetensors([]));
});
afterAll(() => rm(folder, { recursive: true }));

type Read = (config: object) => Promise<unknown>;

const component =
  (read: (opened: Component) => unknown, base: object): Read =>
  async (config) => {
    await writeFile(path.join(folder, 'config.json'), JSON.stringify({ ...base, ...config }));
    return read(await Component.open(folder));
  };

const scheduler: Read = async (config) => {
  const file = path.join(folder, 'scheduler_config.json');
  await writeFile(file, JSON.stringify({ _class_name: 'FlowMatchEulerDiscreteScheduler', ...config }));
  return readFlowMatchConfig(file);
};

/** Those of the classes' constructors and configs. */
it.each<[string, Read, object]>([
  [
    'AutoencoderKL',
    component(readVaeConfig, { _class_name: 'AutoencoderKL' }),
    { latentChannels: 4, blockChannels: [64], layersPerBlock: 1, groups: 32, scalingFactor: 0.18215, sampleSize: 32 },
  ],
  [
    'CLIPTextModel',
    component(readClipConfig, { architectures: ['CLIPTextModel'] }),
    { vocabulary: 49408, channels: 512, hidden: 2048, layers: 12, heads: 8, maxTokens: 77, eosToken: 49407 },
  ],
  [
    'T5EncoderModel',
    component(readT5Config, { architectures: ['T5EncoderModel'] }),
    { vocabulary: 32128, channels: 512, headDim: 64, heads: 8, hidden: 2048, layers: 6, gated: false },
  ],
  [
    'FluxTransformer2DModel',
    component(readFluxConfig, { _class_name: 'FluxTransformer2DModel' }),
    { inChannels: 64, doubleBlocks: 19, singleBlocks: 38, heads: 24, headDim: 128, contextChannels: 4096 },
  ],
  [
    'SD3Transformer2DModel',
    component(readSd3Config, { _class_name: 'SD3Transformer2DModel' }),
    { patch: 2, inChannels: 16, blocks: 18, heads: 18, headDim: 64, maxSize: 96, sampleSize: 128 },
  ],
  ['FlowMatchEulerDiscreteScheduler', scheduler, { num_train_timesteps: 1000, shift: 1, use_dynamic_shifting: false }],
])('an empty config of %s has the libraries’ defaults', async (_, read, defaults) => {
  expect(await read({})).toMatchObject(defaults);
});

it.each([
  [{ quant_method: 'bitsandbytes', load_in_4bit: true, bnb_4bit_quant_type: 'nf4' }, 'bitsandbytes nf4'],
  [{ quant_method: 'bitsandbytes', load_in_8bit: true, bnb_4bit_quant_type: 'fp4' }, 'bitsandbytes int8'],
  [{ quant_method: 'torchao', quant_type: 'int8wo' }, 'torchao int8wo'],
  [{ quant_method: 'quanto', weights_dtype: 'float8' }, 'quanto float8'],
  [{ quant_method: 'gptq', bits: 4 }, 'gptq 4'],
  [{ quant_method: 'fp8' }, 'fp8'],
])('a quantised checkpoint is called so: %o', async (quantization_config, called) => {
  const read = component(readFluxConfig, { _class_name: 'FluxTransformer2DModel' });
  await expect(read({ quantization_config })).rejects.toThrow(
    `config.json: is a quantised checkpoint (${called}), which is not supported`,
  );
  await read({ quantization_config: null });
});

describe.each<[string, Read, string, string]>([
  ['FluxTransformer2DModel', component(readFluxConfig, { _class_name: 'FluxTransformer2DModel' }), FLUX, ''],
  ['SD3Transformer2DModel', component(readSd3Config, { _class_name: 'SD3Transformer2DModel' }), SD3, ''],
  ['AutoencoderKL', component(readVaeConfig, { _class_name: 'AutoencoderKL' }), VAE, VAE_INERT],
  ['CLIPTextModel', component(readClipConfig, { architectures: ['CLIPTextModel'] }), CLIP, CLIP_INERT],
  ['T5EncoderModel', component(readT5Config, { architectures: ['T5EncoderModel'] }), T5, T5_INERT],
  ['FlowMatchEulerDiscreteScheduler', scheduler, SCHEDULER, ''],
])('%s', (_, read, fields, inert) => {
  const nonsense = { nobody: 'knows' };

  it.each(fields.split(' '))('reads %s, and says what it found where that is nonsense', async (field) => {
    const refused = read({ [field]: nonsense });
    await expect(refused).rejects.toThrow(CheckpointError);
    await expect(refused).rejects.toThrow(`field "${field}": expected`);
    await expect(refused).rejects.toThrow('found {"nobody":"knows"}');
  });

  it('passes over what has no effect, what is private and what is off', async () => {
    const harmless = Object.fromEntries(
      inert
        .split(' ')
        .filter(Boolean)
        .map((field) => [field, nonsense]),
    );
    await read({ ...harmless, _diffusers_version: '0.40.0', _name_or_path: 'x', field_of_tomorrow: null });
  });

  it('refuses every other field by its name', async () => {
    const refused = read({ field_of_tomorrow: nonsense });
    await expect(refused).rejects.toThrow(CheckpointError);
    await expect(refused).rejects.toThrow(
      /field "field_of_tomorrow" of \w+ is not supported, found \{"nobody":"knows"\}; this version knows \w+/,
    );
  });
});
