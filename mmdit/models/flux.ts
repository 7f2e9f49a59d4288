import type { Component } from '../checkpoint/component.ts';
import type { Device } from '../device/device.ts';
import { FLUX_CLASS, type FluxConfig, readFluxConfig } from './flux-config.ts';
import { type FluxConditions, FluxRun, textFirst } from './flux-run.ts';
import { type FluxWeights, loadFluxWeights, MLP_RATIO } from './flux-weights.ts';
import type { ForwardDump } from './forward-dump.ts';
import type { AttentionLayer, DumpedCall, MmditModel, ModelFamily, PreparedModel } from './mmdit-model.ts';
import { WeightLoader } from './weight-loader.ts';

/** FLUX.1's transformer, as diffusers' FluxTransformer2DModel computes it. */
export class FluxModel implements MmditModel {
  readonly config: FluxConfig;
  readonly layers: readonly AttentionLayer[];
  readonly #device: Device;
  readonly #weights: FluxWeights;

  private constructor(device: Device, config: FluxConfig, weights: FluxWeights) {
    this.#device = device;
    this.config = config;
    this.#weights = weights;
    this.layers = [
      ...Array.from({ length: config.doubleBlocks }, (_, n) => `transformer_blocks.${n}.attn`),
      ...Array.from({ length: config.singleBlocks }, (_, n) => `single_transformer_blocks.${n}.attn`),
    ].map((name) => ({ name, heads: config.heads, headDim: config.headDim, layout: textFirst }));
  }

  /** Throws CheckpointError, or DeviceMemoryError. */
  static async open(component: Component, device: Device): Promise<FluxModel> {
    const config = readFluxConfig(component);
    return new FluxModel(device, config, await loadFluxWeights(new WeightLoader(component, device), config));
  }

  linearFlops(textTokens: number, imageTokens: number): number {
    const { channels, inChannels, outChannels, contextChannels, doubleBlocks, singleBlocks } = this.config;
    const tokens = textTokens + imageTokens;
    // q, k, v, output and MLP of a double block; a single block has as many in two matrices.
    const perToken = (4 + 2 * MLP_RATIO) * channels ** 2;
    const modulation = (doubleBlocks * 12 + singleBlocks * 3 + 2) * channels ** 2;
    const ends = imageTokens * channels * (inChannels + outChannels) + textTokens * channels * contextChannels;
    return 2 * ((doubleBlocks + singleBlocks) * perToken * tokens + modulation + ends);
  }

  prepare(conditions: FluxConditions): PreparedModel {
    return new FluxRun(this.#device, this.config, this.#weights, conditions);
  }

  /** Arguments as FluxTransformer2DModel.forward names them. */
  async prepareDump(dump: ForwardDump): Promise<DumpedCall> {
    const sample = await dump.argument('hidden_states', 3);
    const [batch = 0] = sample.shape;
    const context = await dump.argument('encoder_hidden_states', 3);
    const conditions = {
      batch,
      context: context.values,
      textTokens: context.shape[1] ?? 0,
      pooled: (await dump.argument('pooled_projections', 2)).values,
      guidance: this.config.hasGuidance ? (await dump.argument('guidance', 1)).values : null,
      textIds: (await dump.argument('txt_ids', 2)).values,
      imageIds: (await dump.argument('img_ids', 2)).values,
    };
    return { sample, timesteps: (await dump.argument('timestep', 1)).values, prepared: this.prepare(conditions) };
  }

  close(): void {
    this.#device.release(...this.#weights.all);
  }
}

export const fluxFamily: ModelFamily = {
  className: FLUX_CLASS,
  open: FluxModel.open,
  loadWeights: (component, loader) => loadFluxWeights(loader, readFluxConfig(component)),
};
