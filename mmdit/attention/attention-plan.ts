import type { HeadMethod } from './method.ts';
import type { BlockSize } from './token-layout.ts';

/** A method for every step × layer × head: the part of a scheme that the model runtime acts on. */
export interface AttentionPlan {
  readonly block: BlockSize;
  readonly methods: readonly HeadMethod[];
  /** Layer names in the order of `choices[step]`, as in diffusers: `transformer_blocks.3.attn`. */
  readonly layers: readonly string[];
  /** Indices into `methods`: `[step][layer][head]`. */
  readonly choices: readonly (readonly (readonly number[])[])[];
}
