import type { TensorSource } from '../checkpoint/tensor-source.ts';
import type { Tensor, WeightUse } from '../device/device.ts';
import { type Embedder, MLP_RATIO } from './flux-weights.ts';
import type { Sd3Config } from './sd3-config.ts';
import { timestepEmbedding } from './timestep-embedding.ts';
import type { Linear, WeightLoader } from './weight-loader.ts';

export interface Sd3Projection {
  readonly qkv: Linear;
  readonly normQ: Tensor | null;
  readonly normK: Tensor | null;
}

/** What follows a stream's attention; the last block drops the text there. */
export interface Sd3StreamEnd {
  readonly attentionOut: Linear;
  readonly mlpIn: Linear;
  readonly mlpOut: Linear;
}

export interface Sd3Stream {
  readonly modulation: Linear;
  readonly attention: Sd3Projection;
  readonly end: Sd3StreamEnd | null;
}

export interface Sd3BlockWeights {
  readonly image: Sd3Stream & { readonly end: Sd3StreamEnd };
  readonly text: Sd3Stream;
  /** The second attention of a dual block, over the image alone. */
  readonly dual: { readonly attention: Sd3Projection; readonly out: Linear } | null;
}

export interface Sd3Weights {
  readonly patchIn: Linear;
  /** [maxSize, maxSize, channels]; not read yet. */
  readonly positions: TensorSource;
  readonly textIn: Linear;
  readonly time: Embedder;
  readonly pooled: Embedder;
  readonly blocks: readonly Sd3BlockWeights[];
  readonly outModulation: Linear;
  readonly out: Linear;
  readonly all: readonly Tensor[];
}

/** Throws CheckpointError where names or shapes are not those of the config. */
export async function loadSd3Weights(loader: WeightLoader, config: Sd3Config): Promise<Sd3Weights> {
  try {
    return await load(loader, config);
  } catch (error) {
    loader.abandon();
    throw error;
  }
}

async function load(loader: WeightLoader, config: Sd3Config): Promise<Sd3Weights> {
  const { channels, patch, maxSize } = config;
  const embedder = async (name: string, inputs: number): Promise<Embedder> => ({
    first: await loader.linear(`time_text_embed.${name}.linear_1`, channels, inputs),
    second: await loader.linear(`time_text_embed.${name}.linear_2`, channels, channels),
  });
  const blocks: Sd3BlockWeights[] = [];
  for (let n = 0; n < config.blocks; n++) blocks.push(await loadBlock(loader, config, n));
  const weights = {
    patchIn: await loader.patchLinear('pos_embed.proj', channels, config.inChannels, patch),
    positions: loader.table('pos_embed.pos_embed', [1, maxSize ** 2, channels]),
    textIn: await loader.linear('context_embedder', channels, config.contextChannels),
    time: await embedder('timestep_embedder', timestepEmbedding.channels),
    pooled: await embedder('text_embedder', config.pooledChannels),
    blocks,
    outModulation: await loader.linear('norm_out.linear', 2 * channels, channels),
    out: await loader.linear('proj_out', patch ** 2 * config.outChannels, channels),
  };
  return { ...weights, all: loader.finish() };
}

async function loadBlock(loader: WeightLoader, config: Sd3Config, index: number): Promise<Sd3BlockWeights> {
  const block = `transformer_blocks.${index}`;
  const { channels, headDim, hasQkNorm } = config;
  const isDual = config.dualBlocks.has(index);
  const isLast = index === config.blocks - 1;
  const linear = (name: string, outputs: number, inputs: number, use: WeightUse = 'projection') =>
    loader.linear(`${block}.${name}`, outputs, inputs, use);
  const norm = async (name: string) => (hasQkNorm ? loader.vector(`${block}.${name}.weight`, headDim) : null);
  const projection = async (names: readonly string[], q: string, k: string): Promise<Sd3Projection> => ({
    qkv: await loader.stackedLinear(
      names.map((name) => `${block}.${name}`),
      channels,
      channels,
      'projection',
    ),
    normQ: await norm(q),
    normK: await norm(k),
  });
  const own = (module: string) =>
    projection(
      ['to_q', 'to_k', 'to_v'].map((name) => `${module}.${name}`),
      `${module}.norm_q`,
      `${module}.norm_k`,
    );
  const end = async (out: string, mlp: string): Promise<Sd3StreamEnd> => ({
    attentionOut: await linear(out, channels, channels),
    mlpIn: await linear(`${mlp}.net.0.proj`, MLP_RATIO * channels, channels),
    mlpOut: await linear(`${mlp}.net.2`, channels, MLP_RATIO * channels),
  });
  return {
    image: {
      modulation: await linear('norm1.linear', (isDual ? 9 : 6) * channels, channels, 'exact'),
      attention: await own('attn'),
      end: await end('attn.to_out.0', 'ff'),
    },
    text: {
      modulation: await linear('norm1_context.linear', (isLast ? 2 : 6) * channels, channels, 'exact'),
      attention: await projection(
        ['attn.add_q_proj', 'attn.add_k_proj', 'attn.add_v_proj'],
        'attn.norm_added_q',
        'attn.norm_added_k',
      ),
      end: isLast ? null : await end('attn.to_add_out', 'ff_context'),
    },
    dual: isDual ? { attention: await own('attn2'), out: await linear('attn2.to_out.0', channels, channels) } : null,
  };
}
