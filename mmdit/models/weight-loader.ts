import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { Component } from '../checkpoint/component.ts';
import { readFloats } from '../checkpoint/read-floats.ts';
import type { Device, Shape, Tensor, WeightUse } from '../device/device.ts';
import { DeviceMemoryError } from '../device/device-memory-error.ts';

/** A projection: weight [out, in], bias [out]. */
export interface Linear {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/** Loads a model's weights by their checkpoint names, checks their shapes, and knows at the end what was left over. */
export class WeightLoader {
  readonly #component: Component;
  readonly #device: Device;
  readonly #used = new Set<string>();
  readonly #loaded: Tensor[] = [];

  /** Throws DeviceMemoryError where all the component's weights together cannot fit the device. */
  constructor(component: Component, device: Device) {
    this.#component = component;
    this.#device = device;
    const elements = component.names.reduce((sum, tensor) => sum + elementCount(component.tensor(tensor).shape), 0);
    const needed = elements * device.bytesPerWeight;
    if (needed > device.info.memoryBytes) throw new DeviceMemoryError(device.info, component.folder, needed);
  }

  /** Throws CheckpointError for a missing tensor or another shape. */
  async linear(name: string, outputs: number, inputs: number, use: WeightUse = 'exact'): Promise<Linear> {
    return this.stackedLinear([name], outputs, inputs, use);
  }

  /** Several projections of one input as one, outputs side by side. */
  async stackedLinear(
    names: readonly string[],
    outputsEach: number,
    inputs: number,
    use: WeightUse = 'exact',
  ): Promise<Linear> {
    return {
      weight: await this.#load(
        names.map((name) => `${name}.weight`),
        [outputsEach, inputs],
        { use },
      ),
      bias: await this.#load(
        names.map((name) => `${name}.bias`),
        [outputsEach],
      ),
    };
  }

  /** A convolution over p×p patches that do not overlap, as a projection of flattened patches (channel, row, column). */
  async patchLinear(name: string, outputs: number, inputs: number, p: number): Promise<Linear> {
    return {
      weight: await this.#load([`${name}.weight`], [outputs, inputs, p, p], { loadAs: [outputs, inputs * p * p] }),
      bias: await this.#load([`${name}.bias`], [outputs]),
    };
  }

  /** A table that the model itself reads, in this process's memory. */
  floats(name: string, shape: Shape): Promise<Float32Array> {
    this.#used.add(name);
    return readFloats(this.#component.tensor(name, shape));
  }

  vector(name: string, length: number): Promise<Tensor> {
    return this.#load([name], [length]);
  }

  /** Every weight loaded, to release them. Throws CheckpointError where the checkpoint holds a tensor that no one asked for. */
  finish(): readonly Tensor[] {
    const extra = this.#component.names.filter((name) => !this.#used.has(name));
    if (extra.length > 0) {
      const more = extra.length > 1 ? ` (and ${extra.length - 1} more)` : '';
      throw new CheckpointError(
        this.#component.folder,
        `holds tensor "${extra[0]}"${more}, which a ${this.#component.className} of its config.json does not have; the config and the weights do not belong together`,
      );
    }
    return this.#loaded;
  }

  /** Gives back what was loaded, after a failure. */
  abandon(): void {
    this.#device.release(...this.#loaded.splice(0));
  }

  async #load(
    names: readonly string[],
    shape: Shape,
    { loadAs = shape, use = 'exact' }: { loadAs?: Shape; use?: WeightUse } = {},
  ): Promise<Tensor> {
    const sources = names.map((name) => {
      this.#used.add(name);
      const source = this.#component.tensor(name, shape);
      return loadAs === shape ? source : { ...source, shape: loadAs, read: () => source.read() };
    });
    const tensor = await this.#device.loadWeight(sources, use);
    this.#loaded.push(tensor);
    return tensor;
  }
}

function elementCount(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}
