import type { TokenLayout } from '../attention/token-layout.ts';
import { tokenCount } from '../attention/token-layout.ts';
import type { Device, JointQkv, QkvStream, Tensor } from '../device/device.ts';
import { Scratch } from '../device/scratch.ts';
import { ShapeError } from '../device/shape-error.ts';
import type { FluxConfig } from './flux-config.ts';
import type {
  DoubleBlockWeights,
  Embedder,
  FluxWeights,
  SingleBlockWeights,
  StreamProjection,
  StreamWeights,
} from './flux-weights.ts';
import type { PreparedModel, StepHooks } from './mmdit-model.ts';
import { type ResidualStream, ResidualStreams } from './residual-stream.ts';
import { rotaryTable } from './rotary-embedding.ts';
import { timestepEmbedding } from './timestep-embedding.ts';
import type { Linear } from './weight-loader.ts';

/** Of every norm of the architecture. */
const EPS = 1e-6;
/** Times and guidance scales enter their embeddings in thousandths. */
const TIME_SCALE = 1000;

/** What stays the same over a run, batch first. */
export interface FluxConditions {
  readonly batch: number;
  /** [batch, textTokens, contextChannels] */
  readonly context: Float32Array;
  readonly textTokens: number;
  /** [batch, pooledChannels] */
  readonly pooled: Float32Array;
  /** [batch]; read only where the model has a guidance embedding. */
  readonly guidance: Float32Array | null;
  /** Positions, [textTokens, 3] and [imageTokens, 3]. */
  readonly textIds: Float32Array;
  readonly imageIds: Float32Array;
}

/** FLUX's sequence everywhere: text before image. */
export function textFirst(text: number, image: number): TokenLayout {
  return { text, image, order: 'text-first' };
}

/** One block's surroundings. */
interface BlockCall {
  readonly layer: number;
  /** SiLU of the conditioning vector, [B, C]: what every adaptive norm projects. */
  readonly conditioning: Tensor;
  readonly hooks: StepHooks;
}

/** The model with one run's text, guidance and positions on the device. */
export class FluxRun implements PreparedModel {
  readonly #device: Device;
  readonly #config: FluxConfig;
  readonly #weights: FluxWeights;
  readonly #batch: number;
  readonly #layout: TokenLayout;
  readonly #context: Tensor;
  /** Guidance and pooled text, [B, C]. */
  readonly #fixedConditioning: Tensor;
  readonly #textRope: Tensor;
  readonly #imageRope: Tensor;
  readonly #jointRope: Tensor;
  readonly #own: Scratch;

  constructor(device: Device, config: FluxConfig, weights: FluxWeights, conditions: FluxConditions) {
    const { batch, textTokens, context, pooled, guidance, textIds, imageIds } = conditions;
    this.#device = device;
    this.#config = config;
    this.#weights = weights;
    this.#batch = batch;
    this.#own = new Scratch(device);
    const axes = config.ropeAxes.length;
    requireLength('textIds', textIds, textTokens * axes);
    if (imageIds.length % axes !== 0)
      throw new ShapeError('flux', 'imageIds', `[tokens, ${axes}]`, `${imageIds.length}`);
    this.#layout = textFirst(textTokens, imageIds.length / axes);
    this.#context = this.#upload('context', context, [batch, textTokens, config.contextChannels]);
    this.#textRope = this.#rope(textIds);
    this.#imageRope = this.#rope(imageIds);
    this.#jointRope = this.#rope(Float32Array.from([...textIds, ...imageIds]));
    this.#fixedConditioning = this.#own.keep(
      this.#embed(this.#upload('pooled', pooled, [batch, config.pooledChannels]), weights.pooled),
    );
    if (weights.guidance) {
      if (!guidance) throw new ShapeError('flux', 'guidance', `[${batch}]`, 'null');
      const embedded = this.#embedTimes(guidance, weights.guidance);
      device.addInPlace(this.#fixedConditioning, embedded);
      device.release(embedded);
    }
  }

  async predict(sample: Tensor, timesteps: Float32Array, hooks: StepHooks): Promise<Tensor> {
    const device = this.#device;
    const { text, image } = this.#layout;
    const scratch = new Scratch(device);
    const streams = new ResidualStreams(device, EPS);
    try {
      const time = scratch.keep(this.#embedTimes(timesteps, this.#weights.time));
      device.addInPlace(time, this.#fixedConditioning);
      const conditioning = scratch.keep(device.activation(time, 'silu'));

      const imageStream = streams.keep(scratch.keep(this.#linear(sample, this.#weights.imageIn)));
      const textStream = streams.keep(scratch.keep(this.#linear(this.#context, this.#weights.textIn)));
      let layer = 0;
      for (const [n, block] of this.#weights.doubleBlocks.entries()) {
        await this.#doubleBlock(textStream, imageStream, block, { layer: layer++, conditioning, hooks }, n);
      }
      const sequence = scratch.keep(device.concat([textStream.settled(), imageStream.settled()], 'tokens'));
      const joint = streams.keep(sequence);
      for (const [n, block] of this.#weights.singleBlocks.entries()) {
        await this.#singleBlock(joint, block, { layer: layer++, conditioning, hooks }, n);
      }
      const imagePart = scratch.keep(device.rows(joint.settled(), text, text + image));
      const modulation = scratch.keep(this.#linear(conditioning, this.#weights.outModulation));
      const [scale, shift] = scratch.chunks(modulation, 2);
      const normed = scratch.keep(device.layerNormModulate(imagePart, shift!, scale!, EPS, 'exact'));
      return this.#linear(normed, this.#weights.out);
    } finally {
      streams.close();
      scratch.release();
    }
  }

  close(): void {
    this.#own.release();
  }

  async #doubleBlock(
    textStream: ResidualStream,
    imageStream: ResidualStream,
    weights: DoubleBlockWeights,
    call: BlockCall,
    index: number,
  ): Promise<void> {
    const device = this.#device;
    const { text, image } = this.#layout;
    const { observe } = call.hooks;
    const scratch = new Scratch(device);
    try {
      const qkv = this.#allocateJoint(scratch);
      const onText = this.#modulated(textStream, weights.text, call.conditioning, scratch);
      const onImage = this.#modulated(imageStream, weights.image, call.conditioning, scratch);
      this.#project(call, qkv, [
        { x: onText.normed, ...projection(weights.text.attention), tokenOffset: 0, rope: this.#textRope },
        { x: onImage.normed, ...projection(weights.image.attention), tokenOffset: text, rope: this.#imageRope },
      ]);
      const attended = await call.hooks.attention({ layer: call.layer, layout: this.#layout, ...qkv });
      const imagePart = scratch.keep(device.rows(attended, text, text + image));
      const textPart = scratch.keep(device.rows(attended, 0, text));
      const imageOut = this.#linear(imagePart, weights.image.attentionOut);
      const textOut = this.#linear(textPart, weights.text.attentionOut);
      observe?.(`block${index}.attn.0`, imageOut);
      observe?.(`block${index}.attn.1`, textOut);
      this.#finishStream(imageStream, imageOut, onImage, weights.image, scratch);
      this.#finishStream(textStream, textOut, onText, weights.text, scratch);
    } finally {
      scratch.release();
    }
    observe?.(`block${index}.0`, textStream.settled());
    observe?.(`block${index}.1`, imageStream.settled());
  }

  async #singleBlock(
    joint: ResidualStream,
    weights: SingleBlockWeights,
    call: BlockCall,
    index: number,
  ): Promise<void> {
    const device = this.#device;
    const { text, image } = this.#layout;
    const { observe } = call.hooks;
    const scratch = new Scratch(device);
    try {
      const modulation = scratch.keep(this.#linear(call.conditioning, weights.modulation));
      const [shift, scale, gate] = scratch.chunks(modulation, 3);
      const normed = scratch.keep(joint.normed(shift!, scale!, 'projection'));
      const qkv = this.#allocateJoint(scratch);
      const stream = { x: normed, ...projection(weights.attention), tokenOffset: 0, rope: this.#jointRope };
      this.#project(call, qkv, [stream]);
      const { weight, bias } = weights.mlpIn;
      const mlp = scratch.keep(device.linear(normed, weight, bias, { activation: 'gelu-tanh', use: 'projection' }));
      const attended = await call.hooks.attention({ layer: call.layer, layout: this.#layout, ...qkv });
      // No copy of the two side by side: the product takes them as they lie.
      const heads = scratch.keep(device.rows(attended, 0, text + image));
      observe?.(`single${index}.attn`, heads);
      joint.add(device.linear([heads, mlp], weights.out.weight, weights.out.bias), gate!);
      if (observe) {
        const sequence = joint.settled();
        observe(`single${index}.0`, scratch.keep(device.rows(sequence, 0, text)));
        observe(`single${index}.1`, scratch.keep(device.rows(sequence, text, text + image)));
      }
    } finally {
      scratch.release();
    }
  }

  /** AdaLayerNormZero: the stream normed for attention, and the rest of the modulation for later. */
  #modulated(stream: ResidualStream, weights: StreamWeights, conditioning: Tensor, scratch: Scratch) {
    const modulation = scratch.keep(this.#linear(conditioning, weights.modulation));
    const [shift, scale, gate, mlpShift, mlpScale, mlpGate] = scratch.chunks(modulation, 6);
    const normed = scratch.keep(stream.normed(shift!, scale!, 'projection'));
    return { normed, gate: gate!, mlpShift: mlpShift!, mlpScale: mlpScale!, mlpGate: mlpGate! };
  }

  #finishStream(
    stream: ResidualStream,
    attentionOut: Tensor,
    modulation: { gate: Tensor; mlpShift: Tensor; mlpScale: Tensor; mlpGate: Tensor },
    weights: StreamWeights,
    scratch: Scratch,
  ): void {
    stream.add(attentionOut, modulation.gate);
    const normed = scratch.keep(stream.normed(modulation.mlpShift, modulation.mlpScale, 'projection'));
    const { weight, bias } = weights.mlpIn;
    const hidden = scratch.keep(
      this.#device.linear(normed, weight, bias, { activation: 'gelu-tanh', use: 'projection' }),
    );
    stream.add(this.#linear(hidden, weights.mlpOut), modulation.mlpGate);
  }

  #project({ layer, hooks }: BlockCall, to: JointQkv, streams: readonly QkvStream[]): void {
    this.#device.projectQkv(streams, to, { eps: EPS, needed: hooks.attention.needs?.(layer) ?? null });
  }

  #allocateJoint(scratch: Scratch): JointQkv {
    const shape = [this.#batch, tokenCount(this.#layout), this.#config.heads, this.#config.headDim];
    const { q, k, v } = this.#device.allocateJoint(shape);
    return { q: scratch.keep(q), k: scratch.keep(k), v: scratch.keep(v) };
  }

  #embedTimes(times: Float32Array, weights: Embedder): Tensor {
    requireLength('times', times, this.#batch);
    const scaled = times.map((time) => time * TIME_SCALE);
    const shape = [this.#batch, timestepEmbedding.channels];
    const sinusoids = this.#device.upload(timestepEmbedding(scaled), shape);
    const embedded = this.#embed(sinusoids, weights);
    this.#device.release(sinusoids);
    return embedded;
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

  #rope(ids: Float32Array): Tensor {
    const { ropeAxes, ropeTheta, headDim } = this.#config;
    const shape = [ids.length / ropeAxes.length, headDim / 2, 2];
    return this.#own.keep(this.#device.uploadExact(rotaryTable(ids, ropeAxes, ropeTheta), shape));
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

function projection({ qkv, normQ, normK }: StreamProjection) {
  return { weight: qkv.weight, bias: qkv.bias, normQ, normK };
}

function requireLength(name: string, values: Float32Array, length: number): void {
  if (values.length !== length) throw new ShapeError('flux', name, `of ${length} elements`, `${values.length}`);
}
