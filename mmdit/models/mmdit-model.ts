import type { TokenLayout } from '../attention/token-layout.ts';
import type { Component } from '../checkpoint/component.ts';
import type { Device, JointQkv, NeededHeads, Tensor } from '../device/device.ts';
import type { DumpTensor, ForwardDump } from './forward-dump.ts';
import type { LoadOptions } from './load-weights.ts';
import type { WeightLoader } from './weight-loader.ts';

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
  /** Index into `TransformerShape.layers`. */
  readonly layer: number;
  readonly layout: TokenLayout;
}

/**
 * Computes the attention of one module: q, k, v [B, N, H, D] → [B, N, H, D]. Schemes, calibration and attention maps
 * are all written as such hooks. The returned tensor stays the hook's own: the model reads and never releases it.
 */
export interface AttentionHook {
  (call: AttentionCall): Tensor | Promise<Tensor>;
  /** Heads of a layer whose q, k and v the hook will read; null or without it, all. */
  readonly needs?: (layer: number) => NeededHeads | null;
}

/**
 * Sees the outputs of blocks and attention modules (after their output projection) under the names of diffusers dumps:
 * `block0.0`, `block0.attn.1`, `single3.attn`. The tensor is the model's; a download enqueued here sees its value.
 */
export type Observer = (name: string, tensor: Tensor) => void;

export interface StepHooks {
  readonly attention: AttentionHook;
  readonly observe?: Observer;
}

/** What follows from a transformer's config alone. */
export interface TransformerShape {
  readonly layers: readonly AttentionLayer[];
  /** FLOPs of all matrix products but attention's own, in one forward pass of one sample. */
  linearFlops(textTokens: number, imageTokens: number): number;
}

/** A transformer on a device. Each family adds a `prepare` of its own, for its pipeline. */
export interface MmditModel {
  readonly shape: TransformerShape;
  /** The call that a dump recorded, ready to run: for `verify`. Throws CheckpointError. */
  prepareDump(dump: ForwardDump): Promise<DumpedCall>;
  /** Releases the weights. */
  close(): void;
}

/** A model with what stays the same over a run (text, guidance, positions) on the device. */
export interface PreparedModel {
  /**
   * The model's prediction at one step. `sample` stays the caller's; the returned tensor becomes the caller's.
   * `timesteps`: one per batch element, as diffusers passes them (FLUX: 0 to 1).
   */
  predict(sample: Tensor, timesteps: Float32Array, hooks: StepHooks): Promise<Tensor>;
  close(): void;
}

export interface DumpedCall {
  readonly prepared: PreparedModel;
  readonly sample: DumpTensor;
  readonly timesteps: Float32Array;
  /** Brings the prediction into the order of the dump's `out.sample`, where the two differ. */
  readonly arrange?: (prediction: Float32Array) => Float32Array;
}

/** A kind of transformer that this runtime can build, listed in model-families.ts. */
export interface ModelFamily {
  /** `_class_name` of config.json. */
  readonly className: string;
  /** Reads config and weights. Throws CheckpointError for whatever this runtime does not implement. */
  open(component: Component, device: Device, options?: LoadOptions): Promise<MmditModel>;
  /** Asks the loader for everything that a transformer of this config has. Throws CheckpointError. */
  loadWeights(component: Component, loader: WeightLoader): Promise<unknown>;
}
