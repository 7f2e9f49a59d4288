import type { TokenLayout } from '../attention/token-layout.ts';
import { tokenCount } from '../attention/token-layout.ts';
import type { Device, JointQkv, QkvStream, Tensor } from '../device/device.ts';
import { Scratch } from '../device/scratch.ts';
import { ShapeError } from '../device/shape-error.ts';
import type { Embedder } from './flux-weights.ts';
import type { PreparedModel, StepHooks } from './mmdit-model.ts';
import { type ResidualStream, ResidualStreams } from './residual-stream.ts';
import type { Sd3Config } from './sd3-config.ts';
import type { Sd3BlockWeights, Sd3Projection, Sd3StreamEnd, Sd3Weights } from './sd3-weights.ts';
import { timestepEmbedding } from './timestep-embedding.ts';
import type { Linear } from './weight-loader.ts';

/** Of every norm of the architecture. */
const EPS = 1e-6;

/** What stays the same over a run, batch first. */
export interface Sd3Conditions {
  readonly batch: number;
  /** [batch, textTokens, contextChannels] */
  readonly context: Float32Array;
  readonly textTokens: number;
  /** [batch, pooledChannels] */
  readonly pooled: Float32Array;
  /** The image in patches. */
  readonly rows: number;
  readonly columns: number;
}

/** SD3's joint sequence: image before text. */
export function imageFirst(text: number, image: number): TokenLayout {
  return { text, image, order: 'image-first' };
}

interface Modulation {
  readonly mlpShift: Tensor;
  readonly mlpScale: Tensor;
  readonly mlpGate: Tensor;
}

/** The model with one run's text and positions on the device. Samples are patches, [batch, tokens, channels·p·p]. */
export class Sd3Run implements PreparedModel {
  readonly #device: Device;
  readonly #config: Sd3Config;
  readonly #weights: Sd3Weights;
  readonly #batch: number;
  readonly #layout: TokenLayout;
  readonly #context: Tensor;
  readonly #positions: Tensor;
  readonly #pooled: Tensor;
  readonly #own: Scratch;

  /** `table`: [maxSize, maxSize, channels]. Throws ShapeError for a picture beyond it. */
  constructor(device: Device, config: Sd3Config, weights: Sd3Weights, table: Float32Array, conditions: Sd3Conditions) {
    const { batch, textTokens, rows, columns } = conditions;
    this.#device = device;
    this.#config = config;
    this.#weights = weights;
    this.#batch = batch;
    this.#layout = imageFirst(textTokens, rows * columns);
    this.#own = new Scratch(device);
    const positions = croppedPositions(table, config, rows, columns, batch);
    this.#positions = this.#upload('positions', positions, [batch, rows * columns, config.channels]);
    this.#context = this.#upload('context', conditions.context, [batch, textTokens, config.contextChannels]);
    const pooled = this.#upload('pooled', conditions.pooled, [batch, config.pooledChannels]);
    this.#pooled = this.#own.keep(this.#embed(pooled, weights.pooled));
  }

  async predict(sample: Tensor, timesteps: Float32Array, hooks: StepHooks): Promise<Tensor> {
    const device = this.#device;
    const weights = this.#weights;
    const scratch = new Scratch(device);
    const streams = new ResidualStreams(device, EPS);
    try {
      const shape = [this.#batch, timestepEmbedding.channels];
      requireLength('timesteps', timesteps, this.#batch);
      const sinusoids = scratch.keep(device.upload(timestepEmbedding(timesteps), shape));
      const time = scratch.keep(this.#embed(sinusoids, weights.time));
      device.addInPlace(time, this.#pooled);
      const conditioning = scratch.keep(device.activation(time, 'silu'));
      const patches = scratch.keep(this.#linear(sample, weights.patchIn));
      device.addInPlace(patches, this.#positions);
      const image = streams.keep(patches);
      const text = streams.keep(scratch.keep(this.#linear(this.#context, weights.textIn)));
      let layer = 0;
      for (const [index, block] of weights.blocks.entries()) {
        await this.#block(image, text, block, conditioning, layer, hooks);
        layer += block.dual ? 2 : 1;
        hooks.observe?.(`block${index}.1`, image.settled());
        if (block.text.end) hooks.observe?.(`block${index}.0`, text.settled());
      }
      const modulation = scratch.keep(this.#linear(conditioning, weights.outModulation));
      const [scale, shift] = scratch.chunks(modulation, 2);
      return this.#linear(scratch.keep(image.normed(shift!, scale!, 'exact')), weights.out);
    } finally {
      streams.close();
      scratch.release();
    }
  }

  close(): void {
    this.#own.release();
  }

  async #block(
    image: ResidualStream,
    text: ResidualStream,
    weights: Sd3BlockWeights,
    conditioning: Tensor,
    layer: number,
    hooks: StepHooks,
  ): Promise<void> {
    const device = this.#device;
    const layout = this.#layout;
    const scratch = new Scratch(device);
    const norm = (stream: ResidualStream, shift: Tensor, scale: Tensor) =>
      scratch.keep(stream.normed(shift, scale, 'projection'));
    try {
      const onImage = scratch.keep(this.#linear(conditioning, weights.image.modulation));
      const m = scratch.chunks(onImage, weights.dual ? 9 : 6);
      const t = scratch.chunks(
        scratch.keep(this.#linear(conditioning, weights.text.modulation)),
        weights.text.end ? 6 : 2,
      );
      const qkv = this.#allocate(layout, scratch);
      const imageQkv = streamOf(norm(image, m[0]!, m[1]!), weights.image.attention, 0);
      // The last block's text norm says scale first, the others shift first.
      const normedText = weights.text.end ? norm(text, t[0]!, t[1]!) : norm(text, t[1]!, t[0]!);
      const textQkv = streamOf(normedText, weights.text.attention, layout.image);
      this.#project([imageQkv, textQkv], qkv, layer, hooks);
      const second = weights.dual ? norm(image, m[6]!, m[7]!) : null;

      const attended = await hooks.attention({ layer, layout, ...qkv });
      const imagePart = scratch.keep(device.rows(attended, 0, layout.image));
      image.add(this.#linear(imagePart, weights.image.end.attentionOut), m[2]!);
      if (weights.text.end) {
        const textPart = scratch.keep(device.rows(attended, layout.image, tokenCount(layout)));
        text.add(this.#linear(textPart, weights.text.end.attentionOut), t[2]!);
        this.#mlp(text, weights.text.end, { mlpShift: t[3]!, mlpScale: t[4]!, mlpGate: t[5]! }, scratch);
      }
      if (weights.dual && second) {
        const alone = imageFirst(0, layout.image);
        const own = this.#allocate(alone, scratch);
        this.#project([streamOf(second, weights.dual.attention, 0)], own, layer + 1, hooks);
        const again = await hooks.attention({ layer: layer + 1, layout: alone, ...own });
        const flat = scratch.keep(device.rows(again, 0, layout.image));
        image.add(this.#linear(flat, weights.dual.out), m[8]!);
      }
      this.#mlp(image, weights.image.end, { mlpShift: m[3]!, mlpScale: m[4]!, mlpGate: m[5]! }, scratch);
    } finally {
      scratch.release();
    }
  }

  #mlp(
    stream: ResidualStream,
    weights: Sd3StreamEnd,
    { mlpShift, mlpScale, mlpGate }: Modulation,
    scratch: Scratch,
  ): void {
    const normed = scratch.keep(stream.normed(mlpShift, mlpScale, 'projection'));
    const { weight, bias } = weights.mlpIn;
    const hidden = scratch.keep(
      this.#device.linear(normed, weight, bias, { activation: 'gelu-tanh', use: 'projection' }),
    );
    stream.add(this.#linear(hidden, weights.mlpOut), mlpGate);
  }

  #project(streams: readonly QkvStream[], to: JointQkv, layer: number, hooks: StepHooks): void {
    this.#device.projectQkv(streams, to, { eps: EPS, needed: hooks.attention.needs?.(layer) ?? null });
  }

  #allocate(layout: TokenLayout, scratch: Scratch): JointQkv {
    const shape = [this.#batch, tokenCount(layout), this.#config.heads, this.#config.headDim];
    const { q, k, v } = this.#device.allocateJoint(shape);
    return { q: scratch.keep(q), k: scratch.keep(k), v: scratch.keep(v) };
  }

  #embed(x: Tensor, { first, second }: Embedder): Tensor {
    const hidden = this.#device.linear(x, first.weight, first.bias, { activation: 'silu' });
    const embedded = this.#linear(hidden, second);
    this.#device.release(hidden);
    return embedded;
  }

  #linear(x: Tensor, { weight, bias }: Linear): Tensor {
    return this.#device.linear(x, weight, bias);
  }

  #upload(name: string, values: Float32Array, shape: readonly number[]): Tensor {
    requireLength(
      name,
      values,
      shape.reduce((product, length) => product * length, 1),
    );
    return this.#own.keep(this.#device.upload(values, shape));
  }
}

function streamOf(x: Tensor, { qkv, normQ, normK }: Sd3Projection, tokenOffset: number): QkvStream {
  return { x, weight: qkv.weight, bias: qkv.bias, tokenOffset, normQ, normK, rope: null };
}

/** The middle of the position table, once per batch element. Throws ShapeError beyond the table. */
function croppedPositions(
  table: Float32Array,
  { maxSize, channels }: Sd3Config,
  rows: number,
  columns: number,
  batch: number,
): Float32Array {
  if (rows > maxSize || columns > maxSize)
    throw new ShapeError('sd3', 'image', `at most ${maxSize} × ${maxSize} patches`, `${rows} × ${columns}`);
  const top = Math.floor((maxSize - rows) / 2);
  const left = Math.floor((maxSize - columns) / 2);
  const cropped = new Float32Array(batch * rows * columns * channels);
  for (let row = 0; row < batch * rows; row++) {
    const from = ((top + (row % rows)) * maxSize + left) * channels;
    cropped.set(table.subarray(from, from + columns * channels), row * columns * channels);
  }
  return cropped;
}

function requireLength(name: string, values: Float32Array, length: number): void {
  if (values.length !== length) throw new ShapeError('sd3', name, `of ${length} elements`, `${values.length}`);
}
