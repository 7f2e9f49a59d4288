import type { Tensor } from '../device/device.ts';
import type { FluxConfig } from './flux-config.ts';
import { timestepEmbedding } from './timestep-embedding.ts';
import type { Linear, WeightLoader } from './weight-loader.ts';

export const MLP_RATIO = 4;

/** One stream's q, k, v projection with the RMS norms of q and k. */
export interface StreamProjection {
  readonly qkv: Linear;
  readonly normQ: Tensor;
  readonly normK: Tensor;
}

/** One stream (image or text) of a double block. */
export interface StreamWeights {
  readonly modulation: Linear;
  readonly attention: StreamProjection;
  readonly attentionOut: Linear;
  readonly mlpIn: Linear;
  readonly mlpOut: Linear;
}

export interface DoubleBlockWeights {
  readonly image: StreamWeights;
  readonly text: StreamWeights;
}

export interface SingleBlockWeights {
  readonly modulation: Linear;
  readonly attention: StreamProjection;
  readonly mlpIn: Linear;
  readonly out: Linear;
}

/** linear → SiLU → linear. */
export interface Embedder {
  readonly first: Linear;
  readonly second: Linear;
}

export interface FluxWeights {
  readonly imageIn: Linear;
  readonly textIn: Linear;
  readonly time: Embedder;
  readonly guidance: Embedder | null;
  readonly pooled: Embedder;
  readonly doubleBlocks: readonly DoubleBlockWeights[];
  readonly singleBlocks: readonly SingleBlockWeights[];
  readonly outModulation: Linear;
  readonly out: Linear;
  readonly all: readonly Tensor[];
}

/** Throws CheckpointError where names or shapes are not those of the config. */
export async function loadFluxWeights(loader: WeightLoader, config: FluxConfig): Promise<FluxWeights> {
  try {
    return await load(loader, config);
  } catch (error) {
    loader.abandon();
    throw error;
  }
}

async function load(loader: WeightLoader, config: FluxConfig): Promise<FluxWeights> {
  const { channels, inChannels, outChannels, contextChannels, pooledChannels, hasGuidance } = config;
  const embedder = async (name: string, inputs: number): Promise<Embedder> => ({
    first: await loader.linear(`time_text_embed.${name}.linear_1`, channels, inputs),
    second: await loader.linear(`time_text_embed.${name}.linear_2`, channels, channels),
  });
  const doubleBlocks: DoubleBlockWeights[] = [];
  for (let n = 0; n < config.doubleBlocks; n++) doubleBlocks.push(await loadDoubleBlock(loader, config, n));
  const singleBlocks: SingleBlockWeights[] = [];
  for (let n = 0; n < config.singleBlocks; n++) singleBlocks.push(await loadSingleBlock(loader, config, n));
  const weights = {
    imageIn: await loader.linear('x_embedder', channels, inChannels),
    textIn: await loader.linear('context_embedder', channels, contextChannels),
    time: await embedder('timestep_embedder', timestepEmbedding.channels),
    guidance: hasGuidance ? await embedder('guidance_embedder', timestepEmbedding.channels) : null,
    pooled: await embedder('text_embedder', pooledChannels),
    doubleBlocks,
    singleBlocks,
    outModulation: await loader.linear('norm_out.linear', 2 * channels, channels),
    out: await loader.linear('proj_out', outChannels, channels),
  };
  return { ...weights, all: loader.finish() };
}

/** In diffusers the image stream's tensors carry the plain names; the text stream's are `add_…` and `…_context`. */
const STREAM_NAMES = {
  image: {
    modulation: 'norm1.linear',
    projections: ['attn.to_q', 'attn.to_k', 'attn.to_v'],
    normQ: 'attn.norm_q.weight',
    normK: 'attn.norm_k.weight',
    attentionOut: 'attn.to_out.0',
    mlp: 'ff.net',
  },
  text: {
    modulation: 'norm1_context.linear',
    projections: ['attn.add_q_proj', 'attn.add_k_proj', 'attn.add_v_proj'],
    normQ: 'attn.norm_added_q.weight',
    normK: 'attn.norm_added_k.weight',
    attentionOut: 'attn.to_add_out',
    mlp: 'ff_context.net',
  },
} as const;

async function loadDoubleBlock(loader: WeightLoader, config: FluxConfig, index: number): Promise<DoubleBlockWeights> {
  const block = `transformer_blocks.${index}`;
  const { channels, headDim } = config;
  const stream = async (names: (typeof STREAM_NAMES)[keyof typeof STREAM_NAMES]): Promise<StreamWeights> => ({
    modulation: await loader.linear(`${block}.${names.modulation}`, 6 * channels, channels),
    attention: {
      qkv: await loader.stackedLinear(
        names.projections.map((name) => `${block}.${name}`),
        channels,
        channels,
        'projection',
      ),
      normQ: await loader.vector(`${block}.${names.normQ}`, headDim),
      normK: await loader.vector(`${block}.${names.normK}`, headDim),
    },
    attentionOut: await loader.linear(`${block}.${names.attentionOut}`, channels, channels, 'projection'),
    mlpIn: await loader.linear(`${block}.${names.mlp}.0.proj`, MLP_RATIO * channels, channels, 'projection'),
    mlpOut: await loader.linear(`${block}.${names.mlp}.2`, channels, MLP_RATIO * channels, 'projection'),
  });
  return { image: await stream(STREAM_NAMES.image), text: await stream(STREAM_NAMES.text) };
}

async function loadSingleBlock(loader: WeightLoader, config: FluxConfig, index: number): Promise<SingleBlockWeights> {
  const block = `single_transformer_blocks.${index}`;
  const { channels, headDim } = config;
  return {
    modulation: await loader.linear(`${block}.norm.linear`, 3 * channels, channels),
    attention: {
      qkv: await loader.stackedLinear(
        ['to_q', 'to_k', 'to_v'].map((name) => `${block}.attn.${name}`),
        channels,
        channels,
        'projection',
      ),
      normQ: await loader.vector(`${block}.attn.norm_q.weight`, headDim),
      normK: await loader.vector(`${block}.attn.norm_k.weight`, headDim),
    },
    mlpIn: await loader.linear(`${block}.proj_mlp`, MLP_RATIO * channels, channels, 'projection'),
    out: await loader.linear(`${block}.proj_out`, channels, (1 + MLP_RATIO) * channels, 'projection'),
  };
}
