import { z } from 'zod';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { ComponentConfig } from '../checkpoint/component-config.ts';
import { count, readConfig, requireClass } from '../onnx/component-config.ts';

export const SD3_CLASS = 'SD3Transformer2DModel';

/** What diffusers' SD3Transformer2DModel is built from; its defaults where a config leaves a field out. */
export interface Sd3Config {
  /** Side of a patch, in latents. */
  readonly patch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly blocks: number;
  /** Blocks that attend a second time, to the image alone. */
  readonly dualBlocks: ReadonlySet<number>;
  readonly heads: number;
  readonly headDim: number;
  /** heads · headDim */
  readonly channels: number;
  readonly contextChannels: number;
  readonly pooledChannels: number;
  /** Side of the position table, in patches. */
  readonly maxSize: number;
  /** Side of the latents that the model was made for. */
  readonly sampleSize: number;
  readonly hasQkNorm: boolean;
}

const fields = {
  sample_size: count(1 << 16).default(128),
  patch_size: count(16).default(2),
  in_channels: count(1 << 16).default(16),
  out_channels: count(1 << 16)
    .nullable()
    .default(16),
  num_layers: count(4096).default(18),
  attention_head_dim: count(256).multipleOf(8).default(64),
  num_attention_heads: count(1024).default(18),
  joint_attention_dim: count(1 << 16).default(4096),
  caption_projection_dim: count(1 << 18).default(1152),
  pooled_projection_dim: count(1 << 16).default(2048),
  pos_embed_max_size: count(4096).default(96),
  dual_attention_layers: z.array(z.number().int().min(0)).default([]),
  qk_norm: z.enum(['rms_norm']).nullable().default(null),
};

/** Throws CheckpointError for a field that is wrong or that this runtime does not know. */
export function readSd3Config(component: ComponentConfig): Sd3Config {
  requireClass(component, [SD3_CLASS]);
  const config = readConfig(component, fields, []);
  const channels = config.num_attention_heads * config.attention_head_dim;
  if (config.caption_projection_dim !== channels) {
    throw new CheckpointError(
      component.configFile,
      `field "caption_projection_dim" is ${config.caption_projection_dim}; heads × head dim is ${channels}, and the two must agree`,
    );
  }
  const beyond = config.dual_attention_layers.find((layer) => layer >= config.num_layers);
  if (beyond !== undefined) {
    throw new CheckpointError(
      component.configFile,
      `field "dual_attention_layers" names layer ${beyond}; num_layers is ${config.num_layers}`,
    );
  }
  return {
    patch: config.patch_size,
    inChannels: config.in_channels,
    outChannels: config.out_channels ?? config.in_channels,
    blocks: config.num_layers,
    dualBlocks: new Set(config.dual_attention_layers),
    heads: config.num_attention_heads,
    headDim: config.attention_head_dim,
    channels,
    contextChannels: config.joint_attention_dim,
    pooledChannels: config.pooled_projection_dim,
    maxSize: config.pos_embed_max_size,
    sampleSize: config.sample_size,
    hasQkNorm: config.qk_norm !== null,
  };
}
