import type { Component } from '../checkpoint/component.ts';
import { readFloats } from '../checkpoint/read-floats.ts';
import type { Device } from '../device/device.ts';
import { MLP_RATIO } from './flux-weights.ts';
import type { ForwardDump } from './forward-dump.ts';
import type { AttentionLayer, DumpedCall, MmditModel, ModelFamily, PreparedModel } from './mmdit-model.ts';
import { readSd3Config, SD3_CLASS, type Sd3Config } from './sd3-config.ts';
import { fromPatches, toPatches } from './sd3-patches.ts';
import { imageFirst, type Sd3Conditions, Sd3Run } from './sd3-run.ts';
import { loadSd3Weights, type Sd3Weights } from './sd3-weights.ts';
import { WeightLoader } from './weight-loader.ts';

/** The transformer of SD3 and SD3.5, as diffusers' SD3Transformer2DModel computes it. */
export class Sd3Model implements MmditModel {
  readonly config: Sd3Config;
  readonly layers: readonly AttentionLayer[];
  readonly #device: Device;
  readonly #weights: Sd3Weights;
  /** [maxSize, maxSize, channels] */
  readonly #positions: Float32Array;

  private constructor(device: Device, config: Sd3Config, weights: Sd3Weights, positions: Float32Array) {
    this.#device = device;
    this.config = config;
    this.#weights = weights;
    this.#positions = positions;
    const { heads, headDim } = config;
    this.layers = Array.from({ length: config.blocks }, (_, n): AttentionLayer[] => {
      const block = `transformer_blocks.${n}`;
      const joint = { name: `${block}.attn`, heads, headDim, layout: imageFirst };
      if (!config.dualBlocks.has(n)) return [joint];
      const alone = (_text: number, image: number) => imageFirst(0, image);
      return [joint, { name: `${block}.attn2`, heads, headDim, layout: alone }];
    }).flat();
  }

  /** Throws CheckpointError, or DeviceMemoryError. */
  static async open(component: Component, device: Device): Promise<Sd3Model> {
    const config = readSd3Config(component);
    const weights = await loadSd3Weights(new WeightLoader(component, device), config);
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

  linearFlops(textTokens: number, imageTokens: number): number {
    const { channels, blocks, dualBlocks, patch, inChannels, outChannels, contextChannels } = this.config;
    // q, k, v, output and MLP; the last block needs of the text only q, k, v.
    const perToken = 4 + 2 * MLP_RATIO;
    const image = (blocks * perToken + dualBlocks.size * 4) * imageTokens;
    const text = ((blocks - 1) * perToken + 3) * textTokens;
    const modulation = blocks * 12 - 4 + dualBlocks.size * 3 + 2;
    const ends = imageTokens * patch ** 2 * (inChannels + outChannels) + textTokens * contextChannels;
    return 2 * ((image + text + modulation) * channels ** 2 + ends * channels);
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
