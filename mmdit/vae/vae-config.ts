import { z } from 'zod';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { ComponentConfig } from '../checkpoint/component-config.ts';
import { count, readConfig, requireClass } from '../onnx/component-config.ts';

/** With the defaults of diffusers' AutoencoderKL. */
const FIELDS = {
  latent_channels: count(1024).default(4),
  out_channels: z.literal(3).default(3),
  block_out_channels: z
    .array(count(1 << 14))
    .min(1)
    .max(8)
    .default([64]),
  layers_per_block: count(64).default(1),
  norm_num_groups: count(1 << 10).default(32),
  act_fn: z.literal('silu').default('silu'),
  up_block_types: z.array(z.literal('UpDecoderBlock2D')).min(1).default(['UpDecoderBlock2D']),
  mid_block_add_attention: z.boolean().default(true),
  use_post_quant_conv: z.boolean().default(true),
  /** Of the pictures it was trained on: AutoencoderKL's own default where absent. */
  sample_size: z
    .union([count(1 << 16), z.array(count(1 << 16)).length(2)], { error: 'expected pixels, or [height, width]' })
    .default(32),
  scaling_factor: z.number().positive().default(0.18215),
  shift_factor: z.number().nullable().default(null),
  latents_mean: z.null().default(null),
  latents_std: z.null().default(null),
};
/** Of the encoder, or of how PyTorch would run the decoder (everything here is float32). */
const INERT = ['in_channels', 'down_block_types', 'use_quant_conv', 'force_upcast'];

export interface VaeConfig {
  readonly latentChannels: number;
  /** From the image's side to the latent's. */
  readonly blockChannels: readonly number[];
  readonly layersPerBlock: number;
  readonly groups: number;
  readonly midAttention: boolean;
  readonly postQuantConv: boolean;
  readonly scalingFactor: number;
  readonly shiftFactor: number;
  /** Side of the pictures that it was trained on, in pixels; tiles are as large. */
  readonly sampleSize: number;
}

/** On each side. */
export function pixelsPerLatent({ blockChannels }: Pick<VaeConfig, 'blockChannels'>): number {
  return 2 ** (blockChannels.length - 1);
}

/** Throws CheckpointError for another class, an unknown field or an impossible value. */
export function readVaeConfig(component: ComponentConfig): VaeConfig {
  requireClass(component, ['AutoencoderKL']);
  const config = readConfig(component, FIELDS, INERT);
  const { block_out_channels: blockChannels, norm_num_groups: groups, up_block_types: upBlocks } = config;
  if (upBlocks.length !== blockChannels.length) {
    throw new CheckpointError(
      component.configFile,
      `up_block_types has ${upBlocks.length} entries, block_out_channels has ${blockChannels.length}`,
    );
  }
  const uneven = blockChannels.find((channels) => channels % groups !== 0);
  if (uneven !== undefined) {
    throw new CheckpointError(
      component.configFile,
      `block_out_channels ${uneven} is no multiple of norm_num_groups ${groups}`,
    );
  }
  return {
    latentChannels: config.latent_channels,
    blockChannels,
    layersPerBlock: config.layers_per_block,
    groups,
    midAttention: config.mid_block_add_attention,
    postQuantConv: config.use_post_quant_conv,
    scalingFactor: config.scaling_factor,
    shiftFactor: config.shift_factor ?? 0,
    sampleSize: Array.isArray(config.sample_size) ? config.sample_size[0]! : config.sample_size,
  };
}
