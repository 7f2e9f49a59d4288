import type { FluxConfig } from './flux-config.ts';
import { textFirst } from './flux-run.ts';
import { MLP_RATIO } from './flux-weights.ts';
import type { TransformerShape } from './mmdit-model.ts';

/** Attention layers and FLOPs of FLUX.1's transformer. */
export function fluxShape(config: FluxConfig): TransformerShape {
  const { heads, headDim, channels, inChannels, outChannels, contextChannels, doubleBlocks, singleBlocks } = config;
  const layers = [
    ...Array.from({ length: doubleBlocks }, (_, n) => `transformer_blocks.${n}.attn`),
    ...Array.from({ length: singleBlocks }, (_, n) => `single_transformer_blocks.${n}.attn`),
  ].map((name) => ({ name, heads, headDim, layout: textFirst }));
  return {
    layers,
    linearFlops: (textTokens, imageTokens) => {
      const tokens = textTokens + imageTokens;
      // q, k, v, output and MLP of a double block; a single block has as many in two matrices.
      const perToken = (4 + 2 * MLP_RATIO) * channels ** 2;
      const modulation = (doubleBlocks * 12 + singleBlocks * 3 + 2) * channels ** 2;
      const ends = imageTokens * channels * (inChannels + outChannels) + textTokens * channels * contextChannels;
      return 2 * ((doubleBlocks + singleBlocks) * perToken * tokens + modulation + ends);
    },
  };
}
