import type { Device, Tensor } from './device.ts';

/** Tensors of one computation, released together: `using` for code that must also clean up when a hook throws. */
export class Scratch {
  readonly #device: Device;
  readonly #tensors: Tensor[] = [];

  constructor(device: Device) {
    this.#device = device;
  }

  keep<T extends Tensor>(tensor: T): T {
    this.#tensors.push(tensor);
    return tensor;
  }

  /** Equal columns of the last axis: what an adaptive norm's projection holds side by side. */
  chunks(tensor: Tensor, count: number): readonly Tensor[] {
    const width = (tensor.shape.at(-1) ?? 0) / count;
    return Array.from({ length: count }, (_, n) => this.keep(this.#device.columns(tensor, n * width, (n + 1) * width)));
  }

  release(): void {
    this.#device.release(...this.#tensors.splice(0));
  }
}
