import type { HeadMethod } from '../attention/method.ts';
import type { BlockSize, TokenLayout } from '../attention/token-layout.ts';
import type { TensorSource } from '../checkpoint/tensor-source.ts';

/**
 * Where a model runs. A model is written once as calls on this interface; calls enqueue and return at once, in order,
 * like work on a CUDA stream. Nothing waits until `download` or `finish`, which is also where an error of an enqueued
 * op surfaces. Tensors are opaque to the model: only shapes are visible.
 */
export interface Device {
  readonly info: DeviceInfo;
  /** What could still be allocated now. */
  readonly freeBytes: number;
  readonly bytesPerWeight: BytesPerWeight;

  /** The mask block this device runs at a head dim. */
  preferredBlock(headDim: number): BlockSize;
  /** Throws UnsupportedBlockError where the device can't run that block; never uses another silently. */
  requireBlock(block: BlockSize, headDim: number): void;

  /** Uninitialised tensor in the device's compute dtype. */
  allocate(shape: Shape): Tensor;
  upload(values: Float32Array, shape: Shape): Tensor;
  /** Float32 on every device: tables that an op reads as they are, as the angles of rotary embeddings. */
  uploadExact(values: Float32Array, shape: Shape): Tensor;
  download(tensor: Tensor): Promise<Float32Array>;
  /** Copy into an existing tensor of the same shape. */
  copy(from: Tensor, to: Tensor): void;
  /** Gives the memory back once the enqueued ops that use it are done. Idempotent. */
  release(...tensors: readonly Tensor[]): void;
  /**
   * Resolves when everything enqueued has run; rejects with the first error since the last `finish`. Ops enqueued after
   * one that failed are skipped until then, and downloads among them reject with the same error.
   */
  finish(): Promise<void>;
  /**
   * Skips what is enqueued and has not run, and stops the kernel under way where the device can. Waits reject with
   * `reason`; the device is as new after the next `finish`.
   */
  abort(reason: unknown): void;
  /**
   * A weight as the checkpoint stores it, converted to the device's dtype. Several sources are stacked along axis 0, as
   * the q, k and v projections are. Owned by the caller.
   */
  loadWeight(sources: readonly TensorSource[], use: WeightUse): Promise<Tensor>;
  /** Releases everything, weights included. */
  close(): Promise<void>;

  /**
   * y = activation(x · weightᵀ + bias). x [..., in], or parts of it that lie side by side along the last axis; weight
   * [out, in], bias [out]. `out` is written in place if given.
   */
  linear(x: Tensor | readonly Tensor[], weight: Tensor, bias: Tensor | null, options?: LinearOptions): Tensor;
  activation(x: Tensor, kind: Activation): Tensor;
  /**
   * LayerNorm without affine over the last axis, then x·(1 + scale) + shift. x [B, N, C], scale/shift [B, C] views. A
   * result for `projection` is multiplied with weights of that use and read by nothing else.
   */
  layerNormModulate(x: Tensor, shift: Tensor, scale: Tensor, eps: number, use: WeightUse): Tensor;
  /** residual + gate ⊙ x, written into residual. gate [B, C]. */
  gatedResidual(residual: Tensor, x: Tensor, gate: Tensor): void;
  /** `gatedResidual`, then `layerNormModulate` of the sum: one pass over memory where the device can. */
  gatedResidualNorm(residual: Tensor, added: Added, shift: Tensor, scale: Tensor, eps: number, use: WeightUse): Tensor;
  /** a + b of one shape, written into a. */
  addInPlace(a: Tensor, b: Tensor): void;
  /** q, k and v of a joint sequence, [B, N, H, D] each, as this device's attention wants them: for `projectQkv` to fill. */
  allocateJoint(shape: Shape): JointQkv;
  /**
   * Every stream's q, k and v, written into the joint ones at its token offset: x · weightᵀ + bias (q, k, v side by
   * side), on q and k optional RMS norm per head over dim, then rotary embedding.
   */
  projectQkv(streams: readonly QkvStream[], to: JointQkv, options: ProjectQkvOptions): void;
  /** Columns [begin, end) of the last axis, as a view where the device can, else a copy: for reading only. */
  columns(x: Tensor, begin: number, end: number): Tensor;
  /** Rows [begin, end) of axis 1 of [B, N, …] as [B, end − begin, C], later axes flattened; a view where the device can. */
  rows(x: Tensor, begin: number, end: number): Tensor;
  /** Samples [begin, end) of axis 0, as a view. */
  samples(x: Tensor, begin: number, end: number): Tensor;
  /** Concatenation of [B, n, …] along axis 1 (`tokens`) or the last axis (`channels`); axes after the second are flattened. */
  concat(parts: readonly Tensor[], axis: 'tokens' | 'channels'): Tensor;

  /**
   * Every head by its own method in one pass. `out` [B, N, H, D] is written in place; cached heads are not touched,
   * so `out` keeps the step before.
   */
  headwiseAttention(call: HeadwiseAttentionCall): void;
  /**
   * Every arrow window, with its residual too, and outputs made elsewhere against full attention in one pass (windows
   * nest, so that all of them cost about one full attention): the sums from which RSE follows. Outputs are not kept.
   */
  measureAttention(call: MeasureAttentionCall): Promise<AttentionErrorSums>;
  /** One head's softmax probabilities averaged over a [mapSize × mapSize] grid of the joint sequence, with the mass arrows keep. */
  attentionMap(call: AttentionMapCall): Promise<AttentionMap>;
}

/** gate ⊙ x: x [B, N, C], gate [B, C]. */
export interface Added {
  readonly x: Tensor;
  readonly gate: Tensor;
}

export type Shape = readonly number[];
export type Activation = 'gelu-tanh' | 'silu';
/** `projection`: multiplied with every token, and a device may keep it in fewer bits; `exact`: everything else. */
export type WeightUse = 'projection' | 'exact';

/** Brand kept opaque: each device keeps its own storage behind it. */
export interface Tensor {
  readonly shape: Shape;
}

/** What a weight's element takes of the device's memory; a `table` is read by the model itself, in this process. */
export type BytesPerWeight = Readonly<Record<WeightUse | 'table', number>>;

export interface DeviceInfo {
  readonly kind: 'cpu' | 'cuda';
  /** As users know it: "AMD EPYC, 2 threads, AVX-512" or "NVIDIA H200". */
  readonly name: string;
  readonly computeDtype: 'f32' | 'bf16' | 'f16';
  readonly memoryBytes: number;
}

export interface LinearOptions {
  readonly activation?: Activation;
  readonly out?: Tensor;
  /** `projection`: the result is multiplied with weights of that use and read by nothing else. */
  readonly use?: WeightUse;
}

export interface JointQkv {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
}

/** What of a joint sequence is projected together: text or image, or both where they share weights. */
export interface QkvStream {
  /** [B, n, C] */
  readonly x: Tensor;
  /** [3·H·D, C] */
  readonly weight: Tensor;
  /** [3·H·D] */
  readonly bias: Tensor | null;
  readonly tokenOffset: number;
  /** RMS norm weights [D]; null where the model has no qk-norm. */
  readonly normQ: Tensor | null;
  readonly normK: Tensor | null;
  /** [n, D/2, 2] by `uploadExact`: cosine and sine that turn neighbouring channels; null for models without RoPE. */
  readonly rope: Tensor | null;
}

/** Whether attention will read q, k and v of a head in a sample of the batch. */
export type NeededHeads = (head: number, sample: number, batch: number) => boolean;

export interface ProjectQkvOptions {
  /** Of the norms. */
  readonly eps: number;
  /** Of other heads q, k and v may stay undefined; null: all are needed. */
  readonly needed: NeededHeads | null;
}

export interface AttentionInput extends JointQkv {
  readonly layout: TokenLayout;
  readonly block: BlockSize;
}

export interface HeadwiseAttentionCall extends AttentionInput {
  readonly out: Tensor;
  /** One method per head. */
  readonly methods: readonly HeadMethod[];
  /** By window's fraction, shaped as `out`: what methods with a residual add. */
  readonly residuals?: ReadonlyMap<number, Tensor>;
  /** Instead: what heads put out is taken from this, shaped as `out`. That is how residuals are made. */
  readonly subtractFrom?: Tensor;
}

export interface MeasureAttentionCall extends AttentionInput {
  /** Arrow candidates by fraction F. */
  readonly fractions: readonly number[];
  /** By fraction: measured with this added too. */
  readonly residuals: ReadonlyMap<number, Tensor>;
  /** Outputs of this layer made elsewhere, such as the step before's. */
  readonly references: readonly Tensor[];
}

/**
 * Sums over batch, tokens and head channels in float64. RSE = squaredError / (sumOfSquares − sum²/count).
 * Sums add up over several calls (more prompts than fit one batch).
 */
export interface AttentionErrorSums {
  /** Elements per head: B·N·D. */
  readonly count: number;
  /** Of full attention, per head. */
  readonly sum: Float64Array;
  readonly sumOfSquares: Float64Array;
  /** Σ (y_m − y_full)² per arrow fraction, then per head: `[fractions][heads]`. */
  readonly arrow: readonly Float64Array[];
  /** The same with the fraction's residual added; null where it has none. */
  readonly withResidual: readonly (Float64Array | null)[];
  /** `[references][heads]` */
  readonly references: readonly Float64Array[];
}

export interface AttentionMapCall extends AttentionInput {
  readonly head: number;
  readonly batch: number;
  /** The map has ceil(tokens / cell) rows and columns. */
  readonly cell: number;
  readonly fractions: readonly number[];
}

export interface AttentionMap {
  readonly size: number;
  /** Mean probability per cell pair, row-major [size, size]; a row's mass is the sum over columns × cell. */
  readonly values: Float32Array;
  /** Mean over query tokens of the probability mass that each fraction's arrow keeps. */
  readonly keptMass: readonly number[];
}
