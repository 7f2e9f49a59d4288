import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { writeWholeFile } from '../files/write-whole-file.ts';
import { SYNTHETIC_FILE } from './read-synthetic.ts';
import type { Synthetic } from './synthetic-tensors.ts';

/** Architectures as their makers published them. */
export const SYNTHETIC_SHAPES = {
  'flux-dev': fluxShape(true),
  'flux-schnell': fluxShape(false),
  'sd3-medium': sd3Shape({ num_layers: 24, num_attention_heads: 24, pos_embed_max_size: 192 }),
  'sd35-medium': sd3Shape({
    ...{ num_layers: 24, num_attention_heads: 24, pos_embed_max_size: 384, qk_norm: 'rms_norm' },
    dual_attention_layers: Array.from({ length: 13 }, (_, n) => n),
  }),
  'sd35-large': sd3Shape({ num_layers: 38, num_attention_heads: 38, pos_embed_max_size: 192, qk_norm: 'rms_norm' }),
} as const satisfies Record<string, SyntheticShape>;

export type SyntheticShapeName = keyof typeof SYNTHETIC_SHAPES;

export interface SyntheticShape {
  readonly pipeline: string;
  readonly transformer: Readonly<Record<string, unknown>>;
  readonly scheduler: Readonly<Record<string, unknown>>;
}

/** Fields of the transformer's config that make it smaller or larger. */
export interface SyntheticSize {
  readonly layers?: number | undefined;
  readonly singleLayers?: number | undefined;
  readonly heads?: number | undefined;
  readonly headDim?: number | undefined;
}

const VAE = {
  _class_name: 'AutoencoderKL',
  block_out_channels: [128, 256, 512, 512],
  latent_channels: 16,
  layers_per_block: 2,
  out_channels: 3,
  sample_size: 1024,
  scaling_factor: 0.3611,
  shift_factor: 0.1159,
  up_block_types: Array.from({ length: 4 }, () => 'UpDecoderBlock2D'),
  use_post_quant_conv: false,
};

/**
 * Writes a checkpoint folder in the diffusers layout that holds configs and a seed in place of weights: whoever opens it
 * makes the weights on the device. Returns the files written.
 */
export async function writeSynthetic(
  folder: string,
  name: SyntheticShapeName,
  synthetic: Synthetic,
  size: SyntheticSize = {},
): Promise<string[]> {
  const shape: SyntheticShape = SYNTHETIC_SHAPES[name];
  const files: Record<string, unknown> = {
    'model_index.json': {
      _class_name: shape.pipeline,
      scheduler: ['diffusers', 'FlowMatchEulerDiscreteScheduler'],
      transformer: ['diffusers', shape.transformer._class_name],
      vae: ['diffusers', 'AutoencoderKL'],
    },
    [SYNTHETIC_FILE]: synthetic,
    'transformer/config.json': resized(shape.transformer, size),
    'scheduler/scheduler_config.json': shape.scheduler,
    'vae/config.json': VAE,
  };
  for (const [file, content] of Object.entries(files)) {
    const target = path.join(folder, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeWholeFile(target, `${JSON.stringify(content, null, 2)}\n`);
  }
  return Object.keys(files);
}

function resized(config: SyntheticShape['transformer'], { layers, singleLayers, heads, headDim }: SyntheticSize) {
  const dim = headDim ?? Number(config.attention_head_dim);
  const isFlux = 'axes_dims_rope' in config;
  // An eighth of the head for the unused axis, rounded to even, and the rest shared by rows and columns.
  const first = Math.max(2, Math.floor(dim / 16) * 2);
  const rest = (dim - first) / 2;
  const channels = (heads ?? Number(config.num_attention_heads)) * dim;
  const dual = (config.dual_attention_layers ?? []) as readonly number[];
  return {
    ...config,
    num_layers: layers ?? config.num_layers,
    num_attention_heads: heads ?? config.num_attention_heads,
    attention_head_dim: dim,
    ...(isFlux && { num_single_layers: singleLayers ?? config.num_single_layers }),
    ...(isFlux &&
      headDim !== undefined && {
        axes_dims_rope: [dim - 2 * (rest - (rest % 2)), rest - (rest % 2), rest - (rest % 2)],
      }),
    ...(!isFlux && {
      caption_projection_dim: channels,
      dual_attention_layers: dual.filter((layer) => layer < (layers ?? Number(config.num_layers))),
    }),
  };
}

function fluxShape(isDev: boolean): SyntheticShape {
  return {
    pipeline: 'FluxPipeline',
    transformer: {
      _class_name: 'FluxTransformer2DModel',
      attention_head_dim: 128,
      axes_dims_rope: [16, 56, 56],
      guidance_embeds: isDev,
      in_channels: 64,
      joint_attention_dim: 4096,
      num_attention_heads: 24,
      num_layers: 19,
      num_single_layers: 38,
      patch_size: 1,
      pooled_projection_dim: 768,
    },
    scheduler: {
      _class_name: 'FlowMatchEulerDiscreteScheduler',
      num_train_timesteps: 1000,
      shift: isDev ? 3 : 1,
      use_dynamic_shifting: isDev,
      base_shift: 0.5,
      max_shift: 1.15,
      base_image_seq_len: 256,
      max_image_seq_len: 4096,
    },
  };
}

function sd3Shape(own: Readonly<Record<string, unknown>>): SyntheticShape {
  return {
    pipeline: 'StableDiffusion3Pipeline',
    transformer: {
      _class_name: 'SD3Transformer2DModel',
      attention_head_dim: 64,
      caption_projection_dim: 64 * Number(own.num_attention_heads),
      in_channels: 16,
      joint_attention_dim: 4096,
      out_channels: 16,
      patch_size: 2,
      pooled_projection_dim: 2048,
      sample_size: 128,
      ...own,
    },
    scheduler: { _class_name: 'FlowMatchEulerDiscreteScheduler', num_train_timesteps: 1000, shift: 3 },
  };
}
