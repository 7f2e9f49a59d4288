import { z } from 'zod';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { ComponentConfig } from '../checkpoint/component-config.ts';
import { count, readConfig, requireClass } from '../onnx/component-config.ts';

export const FLUX_CLASS = 'FluxTransformer2DModel';

/** What diffusers' FluxTransformer2DModel is built from; its defaults where a config leaves a field out. */
export interface FluxConfig {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly doubleBlocks: number;
  readonly singleBlocks: number;
  readonly heads: number;
  readonly headDim: number;
  /** heads · headDim */
  readonly channels: number;
  readonly contextChannels: number;
  readonly pooledChannels: number;
  readonly hasGuidance: boolean;
  /** Head channels that the position axes turn. */
  readonly ropeAxes: readonly number[];
  readonly ropeTheta: number;
}

/** FluxPosEmbed's theta: a constant of the architecture, no config field. */
const ROPE_THETA = 10_000;

const fields = {
  patch_size: count(16).default(1),
  in_channels: count(1 << 16).default(64),
  out_channels: count(1 << 16)
    .nullable()
    .default(null),
  num_layers: z.number().int().min(0).max(4096).default(19),
  num_single_layers: z.number().int().min(0).max(4096).default(38),
  attention_head_dim: count(256).multipleOf(8).default(128),
  num_attention_heads: count(1024).default(24),
  joint_attention_dim: count(1 << 16).default(4096),
  pooled_projection_dim: count(1 << 16).default(768),
  guidance_embeds: z.boolean().default(false),
  axes_dims_rope: z.tuple([evenCount(), evenCount(), evenCount()]).default([16, 56, 56]),
};

/** Throws CheckpointError for a field that is wrong or that this runtime does not know. */
export function readFluxConfig(component: ComponentConfig): FluxConfig {
  requireClass(component, [FLUX_CLASS]);
  const config = readConfig(component, fields, []);
  const headDim = config.attention_head_dim;
  const turned = config.axes_dims_rope.reduce((sum, channels) => sum + channels, 0);
  if (turned !== headDim) {
    throw new CheckpointError(
      component.configFile,
      `field "axes_dims_rope" adds up to ${turned}; attention_head_dim is ${headDim}, and the two must agree`,
    );
  }
  return {
    inChannels: config.in_channels,
    outChannels: config.patch_size ** 2 * (config.out_channels ?? config.in_channels),
    doubleBlocks: config.num_layers,
    singleBlocks: config.num_single_layers,
    heads: config.num_attention_heads,
    headDim,
    channels: config.num_attention_heads * headDim,
    contextChannels: config.joint_attention_dim,
    pooledChannels: config.pooled_projection_dim,
    hasGuidance: config.guidance_embeds,
    ropeAxes: config.axes_dims_rope,
    ropeTheta: ROPE_THETA,
  };
}

function evenCount() {
  return z.number().int().min(0).max(256).multipleOf(2);
}
