import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { Component } from '../checkpoint/component.ts';
import type { TensorSource } from '../checkpoint/tensor-source.ts';
import type { Device, Shape, Tensor, WeightUse } from '../device/device.ts';

/** A projection: weight [out, in], bias [out]. */
export interface Linear {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/** Where weights go: what a loader needs of a device. */
export type WeightStore = Pick<Device, 'loadWeight' | 'release'>;

/** A tensor that the model has. */
export interface WantedTensor {
  readonly shape: Shape;
  /** `table`: the model itself reads it, in this process's memory. */
  readonly use: WeightUse | 'table';
  readonly source: TensorSource;
}

/** Loads a model's weights by their checkpoint names, checks their shapes, and knows at the end what was left over. */
export class WeightLoader {
  readonly #component: Component;
  readonly #store: WeightStore;
  readonly #wanted = new Map<string, WantedTensor>();
  readonly #loaded: Tensor[] = [];

  constructor(component: Component, store: WeightStore) {
    this.#component = component;
    this.#store = store;
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

  /** A table that the model itself reads. */
  table(name: string, shape: Shape): TensorSource {
    const source = this.#component.tensor(name, shape);
    this.#wanted.set(name, { shape, use: 'table', source });
    return source;
  }

  vector(name: string, length: number): Promise<Tensor> {
    return this.#load([name], [length]);
  }

  /** What was asked for so far, in that order. */
  get wanted(): ReadonlyMap<string, WantedTensor> {
    return this.#wanted;
  }

  /** Every weight loaded, to release them. Throws CheckpointError where the checkpoint holds a tensor that no one asked for. */
  finish(): readonly Tensor[] {
    const extra = this.#component.names.filter((name) => !this.#wanted.has(name));
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
    this.#store.release(...this.#loaded.splice(0));
  }

  async #load(
    names: readonly string[],
    shape: Shape,
    { loadAs = shape, use = 'exact' }: { loadAs?: Shape; use?: WeightUse } = {},
  ): Promise<Tensor> {
    const sources = names.map((name) => {
      const source = this.#component.tensor(name, shape);
      this.#wanted.set(name, { shape, use, source });
      return loadAs === shape ? source : { ...source, shape: loadAs };
    });
    const tensor = await this.#store.loadWeight(sources, use);
    this.#loaded.push(tensor);
    return tensor;
  }
}
