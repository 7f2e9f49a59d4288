import type { Component } from '../checkpoint/component.ts';
import type { Device } from '../device/device.ts';
import { FLUX_CLASS, type FluxConfig, readFluxConfig } from './flux-config.ts';
import { type FluxConditions, FluxRun } from './flux-run.ts';
import { fluxShape } from './flux-shape.ts';
import { type FluxWeights, loadFluxWeights } from './flux-weights.ts';
import type { ForwardDump } from './forward-dump.ts';
import { type LoadOptions, loadWeights } from './load-weights.ts';
import type { DumpedCall, MmditModel, ModelFamily, PreparedModel, TransformerShape } from './mmdit-model.ts';
import type { WeightLoader } from './weight-loader.ts';

/** FLUX.1's transformer, as diffusers' FluxTransformer2DModel computes it. */
export class FluxModel implements MmditModel {
  readonly config: FluxConfig;
  readonly shape: TransformerShape;
  readonly #device: Device;
  readonly #weights: FluxWeights;

  private constructor(device: Device, config: FluxConfig, weights: FluxWeights) {
    this.#device = device;
    this.config = config;
    this.#weights = weights;
    this.shape = fluxShape(config);
  }

  /** Throws CheckpointError, DeviceMemoryError, or the signal's reason. */
  static async open(component: Component, device: Device, options: LoadOptions = {}): Promise<FluxModel> {
    const config = readFluxConfig(component);
    const load = (loader: WeightLoader) => loadFluxWeights(loader, config);
    return new FluxModel(device, config, await loadWeights(component, device, load, options));
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
