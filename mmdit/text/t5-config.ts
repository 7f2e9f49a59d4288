import { z } from 'zod';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { ComponentConfig } from '../checkpoint/component-config.ts';
import { count, readConfig, requireClass } from '../onnx/component-config.ts';

const FEED_FORWARDS = ['gated-gelu', 'gated-gelu_new', 'gated-relu', 'relu'] as const;

/** With the defaults of transformers' T5Config. */
const FIELDS = {
  vocab_size: count(1 << 22).default(32128),
  d_model: count(1 << 16).default(512),
  d_kv: count(1 << 12).default(64),
  d_ff: count(1 << 18).default(2048),
  num_layers: count(1024).default(6),
  num_heads: count(1024).default(8),
  relative_attention_num_buckets: count(1 << 12).default(32),
  relative_attention_max_distance: count(1 << 16).default(128),
  layer_norm_epsilon: z.number().positive().default(1e-6),
  feed_forward_proj: z.enum(FEED_FORWARDS).default('relu'),
  /** Derived from feed_forward_proj when transformers saves; read so that a disagreement is refused. */
  dense_act_fn: z.enum(['gelu_new', 'relu']).optional(),
  is_gated_act: z.boolean().optional(),
  is_decoder: z.literal(false).default(false),
  model_type: z.literal('t5').default('t5'),
};
const INERT = [
  'bos_token_id',
  'classifier_dropout',
  'decoder_start_token_id',
  'dropout_rate',
  'eos_token_id',
  'is_encoder_decoder',
  'n_positions',
  'num_decoder_layers',
  'output_past',
  'pad_token_id',
  'scale_decoder_outputs',
  'task_specific_params',
];

export interface T5Config {
  readonly vocabulary: number;
  readonly channels: number;
  readonly headDim: number;
  readonly heads: number;
  readonly hidden: number;
  readonly layers: number;
  readonly buckets: number;
  readonly maxDistance: number;
  readonly eps: number;
  readonly gated: boolean;
  /** `gelu_new` is the tanh approximation, also for "gated-gelu", as in transformers. */
  readonly activation: 'gelu_new' | 'relu';
}

/** Throws CheckpointError for another class, an unknown field or fields that disagree. */
export function readT5Config(component: ComponentConfig): T5Config {
  requireClass(component, ['T5EncoderModel']);
  const config = readConfig(component, FIELDS, INERT);
  const gated = config.feed_forward_proj.startsWith('gated-');
  const activation = config.feed_forward_proj.endsWith('relu') ? 'relu' : 'gelu_new';
  if ((config.is_gated_act ?? gated) !== gated || (config.dense_act_fn ?? activation) !== activation) {
    throw new CheckpointError(
      component.configFile,
      `feed_forward_proj "${config.feed_forward_proj}" disagrees with is_gated_act ${config.is_gated_act} and dense_act_fn "${config.dense_act_fn}"`,
    );
  }
  return {
    vocabulary: config.vocab_size,
    channels: config.d_model,
    headDim: config.d_kv,
    heads: config.num_heads,
    hidden: config.d_ff,
    layers: config.num_layers,
    buckets: config.relative_attention_num_buckets,
    maxDistance: config.relative_attention_max_distance,
    eps: config.layer_norm_epsilon,
    gated,
    activation,
  };
}
