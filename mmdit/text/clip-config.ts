import { z } from 'zod';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { ComponentConfig } from '../checkpoint/component-config.ts';
import { count, readConfig, requireClass } from '../onnx/component-config.ts';

/** With the defaults of transformers' CLIPTextConfig. */
const FIELDS = {
  vocab_size: count(1 << 22).default(49408),
  hidden_size: count(1 << 16).default(512),
  intermediate_size: count(1 << 18).default(2048),
  num_hidden_layers: count(1024).default(12),
  num_attention_heads: count(1024).default(8),
  max_position_embeddings: count(1 << 16).default(77),
  hidden_act: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
  projection_dim: count(1 << 16).default(512),
  eos_token_id: z.number().int().default(49407),
  model_type: z.literal('clip_text_model').default('clip_text_model'),
};
const INERT = ['attention_dropout', 'dropout', 'bos_token_id', 'pad_token_id'];

export interface ClipConfig {
  readonly vocabulary: number;
  readonly channels: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly maxTokens: number;
  readonly activation: 'quick_gelu' | 'gelu';
  readonly eps: number;
  /** Width of `text_embeds`; null for CLIPTextModel, which has no projection. */
  readonly projection: number | null;
  /** 2 stands for a config from before the id was corrected: pooling then takes the largest id, as transformers does. */
  readonly eosToken: number;
}

/** Throws CheckpointError for another class, an unknown field or an impossible value. */
export function readClipConfig(component: ComponentConfig): ClipConfig {
  requireClass(component, ['CLIPTextModel', 'CLIPTextModelWithProjection']);
  const config = readConfig(component, FIELDS, INERT);
  if (config.hidden_size % config.num_attention_heads !== 0) {
    throw new CheckpointError(
      component.configFile,
      `hidden_size ${config.hidden_size} is no multiple of num_attention_heads ${config.num_attention_heads}`,
    );
  }
  return {
    vocabulary: config.vocab_size,
    channels: config.hidden_size,
    hidden: config.intermediate_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    maxTokens: config.max_position_embeddings,
    activation: config.hidden_act,
    eps: config.layer_norm_eps,
    projection: component.className === 'CLIPTextModelWithProjection' ? config.projection_dim : null,
    eosToken: config.eos_token_id,
  };
}
