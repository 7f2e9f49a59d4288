import type { Component } from '../checkpoint/component.ts';
import { readFloats } from '../checkpoint/read-floats.ts';
import type { Device } from '../device/device.ts';
import type { ForwardDump } from './forward-dump.ts';
import { type LoadOptions, loadWeights } from './load-weights.ts';
import type { DumpedCall, MmditModel, ModelFamily, PreparedModel, TransformerShape } from './mmdit-model.ts';
import { readSd3Config, SD3_CLASS, type Sd3Config } from './sd3-config.ts';
import { fromPatches, toPatches } from './sd3-patches.ts';
import { type Sd3Conditions, Sd3Run } from './sd3-run.ts';
import { sd3Shape } from './sd3-shape.ts';
import { loadSd3Weights, type Sd3Weights } from './sd3-weights.ts';
import type { WeightLoader } from './weight-loader.ts';

/** The transformer of SD3 and SD3.5, as diffusers' SD3Transformer2DModel computes it. */
export class Sd3Model implements MmditModel {
  readonly config: Sd3Config;
  readonly shape: TransformerShape;
  readonly #device: Device;
  readonly #weights: Sd3Weights;
  /** [maxSize, maxSize, channels] */
  readonly #positions: Float32Array;

  private constructor(device: Device, config: Sd3Config, weights: Sd3Weights, positions: Float32Array) {
    this.#device = device;
    this.config = config;
    this.#weights = weights;
    this.#positions = positions;
    this.shape = sd3Shape(config);
  }

  /** Throws CheckpointError, DeviceMemoryError, or the signal's reason. */
  static async open(component: Component, device: Device, options: LoadOptions = {}): Promise<Sd3Model> {
    const config = readSd3Config(component);
    const load = (loader: WeightLoader) => loadSd3Weights(loader, config);
    const weights = await loadWeights(component, device, load, options);
    return new Sd3Model(device, config, weights, await readFloats(weights.positions));
  }

  prepare(conditions: Sd3Conditions): PreparedModel {
    return new Sd3Run(this.#device, this.config, this.#weights, this.#positions, conditions);
  }

  /** Arguments as SD3Transformer2DModel.forward names them. */
  async prepareDump(dump: ForwardDump): Promise<DumpedCall> {
    const { patch, inChannels, outChannels } = this.config;
    const latents = await dump.argument('hidden_states', 4);
    const [batch = 0, , h = 0, w = 0] = latents.shape;
    const [rows, columns] = [Math.floor(h / patch), Math.floor(w / patch)];
    const context = await dump.argument('encoder_hidden_states', 3);
    const prepared = this.prepare({
      batch,
      context: context.values,
      textTokens: context.shape[1] ?? 0,
      pooled: (await dump.argument('pooled_projections', 2)).values,
      rows,
      columns,
    });
    return {
      prepared,
      sample: {
        shape: [batch, rows * columns, inChannels * patch ** 2],
        values: toPatches(latents.values, inChannels, h, w, patch),
      },
      timesteps: (await dump.argument('timestep', 1)).values,
      arrange: (output) => fromPatches(output, outChannels, h, w, patch),
    };
  }

  close(): void {
    this.#device.release(...this.#weights.all);
  }
}

export const sd3Family: ModelFamily = {
  className: SD3_CLASS,
  open: Sd3Model.open,
  loadWeights: (component, loader) => loadSd3Weights(loader, readSd3Config(component)),
};
