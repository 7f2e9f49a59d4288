import type { Added, Device, Tensor, WeightUse } from '../device/device.ts';

/**
 * A residual stream [B, N, C], updated in place. What is added waits for the norm that mostly follows, so that a device
 * can do both in one pass over memory.
 */
export class ResidualStream {
  readonly #device: Device;
  readonly #tensor: Tensor;
  readonly #eps: number;
  #waiting: Added | null = null;

  /** The tensor stays the caller's; `eps` is that of its norms. */
  constructor(device: Device, tensor: Tensor, eps: number) {
    this.#device = device;
    this.#tensor = tensor;
    this.#eps = eps;
  }

  /** The stream + gate ⊙ x. Takes x over; gate [B, C] stays the caller's. */
  add(x: Tensor, gate: Tensor): void {
    this.settled();
    // A view of its own: the caller's may go before the sum is made.
    this.#waiting = { x, gate: this.#device.columns(gate, 0, gate.shape.at(-1) ?? 0) };
  }

  /**
   * Adaptive LayerNorm of everything added so far; shift and scale [B, C]. The result is the caller's, to be multiplied
   * with weights of one use.
   */
  normed(shift: Tensor, scale: Tensor, use: WeightUse): Tensor {
    if (!this.#waiting) return this.#device.layerNormModulate(this.#tensor, shift, scale, this.#eps, use);
    const normed = this.#device.gatedResidualNorm(this.#tensor, this.#waiting, shift, scale, this.#eps, use);
    this.close();
    return normed;
  }

  /** The tensor with everything added so far. */
  settled(): Tensor {
    if (this.#waiting) this.#device.gatedResidual(this.#tensor, this.#waiting.x, this.#waiting.gate);
    this.close();
    return this.#tensor;
  }

  /** Drops what waits. */
  close(): void {
    if (this.#waiting) this.#device.release(this.#waiting.x, this.#waiting.gate);
    this.#waiting = null;
  }
}

/** Streams of one forward pass, closed together. */
export class ResidualStreams {
  readonly #device: Device;
  readonly #eps: number;
  readonly #streams: ResidualStream[] = [];

  constructor(device: Device, eps: number) {
    this.#device = device;
    this.#eps = eps;
  }

  keep(tensor: Tensor): ResidualStream {
    const stream = new ResidualStream(this.#device, tensor, this.#eps);
    this.#streams.push(stream);
    return stream;
  }

  close(): void {
    for (const stream of this.#streams) stream.close();
  }
}
