import type { TokenLayout } from '../attention/token-layout.ts';
import type { JointQkv, Tensor } from '../device/device.ts';

/** One attention module of a model, in the order in which a forward pass runs them. */
export interface AttentionLayer {
  /** As in diffusers: `transformer_blocks.3.attn`. */
  readonly name: string;
  readonly heads: number;
  readonly headDim: number;
  /** The token layout at a text length and image token count (SD3.5's attn2 has no text). */
  layout(textTokens: number, imageTokens: number): TokenLayout;
}

export interface AttentionCall extends JointQkv {
  /** Index into `MmditModel.layers`. */
  readonly layer: number;
  readonly layout: TokenLayout;
}

/**
 * Computes the attention of one module: q, k, v [B, N, H, D] → [B, N, H, D]. Schemes, calibration and attention maps
 * are all written as such hooks. The returned tensor stays the hook's own: the model reads and never releases it.
 */
export type AttentionHook = (call: AttentionCall) => Tensor | Promise<Tensor>;
