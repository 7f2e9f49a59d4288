import { MLP_RATIO } from './flux-weights.ts';
import type { AttentionLayer, TransformerShape } from './mmdit-model.ts';
import type { Sd3Config } from './sd3-config.ts';
import { imageFirst } from './sd3-run.ts';

/** Attention layers and FLOPs of the transformer of SD3 and SD3.5. */
export function sd3Shape(config: Sd3Config): TransformerShape {
  const { heads, headDim, channels, blocks, dualBlocks, patch, inChannels, outChannels, contextChannels } = config;
  const layers = Array.from({ length: blocks }, (_, n): AttentionLayer[] => {
    const block = `transformer_blocks.${n}`;
    const joint = { name: `${block}.attn`, heads, headDim, layout: imageFirst };
    if (!dualBlocks.has(n)) return [joint];
    const alone = (_text: number, image: number) => imageFirst(0, image);
    return [joint, { name: `${block}.attn2`, heads, headDim, layout: alone }];
  }).flat();
  return {
    layers,
    linearFlops: (textTokens, imageTokens) => {
      // q, k, v, output and MLP; the last block needs of the text only q, k, v.
      const perToken = 4 + 2 * MLP_RATIO;
      const image = (blocks * perToken + dualBlocks.size * 4) * imageTokens;
      const text = ((blocks - 1) * perToken + 3) * textTokens;
      const modulation = blocks * 12 - 4 + dualBlocks.size * 3 + 2;
      const ends = imageTokens * patch ** 2 * (inChannels + outChannels) + textTokens * contextChannels;
      return 2 * ((image + text + modulation) * channels ** 2 + ends * channels);
    },
  };
}
