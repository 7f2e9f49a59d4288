import path from 'node:path';
import type { TokenLayout } from '../attention/token-layout.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { Component } from '../checkpoint/component.ts';
import { fingerprint } from '../checkpoint/fingerprint.ts';
import type { Device } from '../device/device.ts';
import { FluxModel } from '../models/flux.ts';
import { readFluxConfig } from '../models/flux-config.ts';
import { textFirst } from '../models/flux-run.ts';
import { torchRandn } from '../random/torch-randn.ts';
import { type FlowMatchConfig, readScheduler } from '../schedulers/flow-match-config.ts';
import { fluxSchedule } from '../schedulers/flow-match-euler.ts';
import { openTextEncoders } from '../text/open-text-encoders.ts';
import { openVaeDecoder, type VaeDecoder } from '../vae/vae-decoder.ts';
import { type DenoisingRun, FlowMatchPipeline, type PipelineParts } from './flow-match-pipeline.ts';
import { imageTokenIds, packLatents, unpackLatents } from './packed-latents.ts';
import type { Sample, Sampling } from './pipeline.ts';
import type { OpenedWith } from './pipeline-options.ts';
import { readNativeSize, readSamplingDefaults } from './sampling-defaults.ts';

const PATCH = 2;
/** FluxPipeline.default_sample_size: latents per side where nothing says otherwise. */
const NATIVE_LATENTS = 128;
/** FLUX numbers its tokens by (unused, row, column); text tokens are all (0, 0, 0). */
const POSITION_AXES = 3;
/** FluxPipeline divides its timesteps by this before the transformer sees them, whatever the scheduler's range. */
const TIME_DIVISOR = 1000;

interface FluxParts extends PipelineParts {
  readonly model: FluxModel;
  readonly scheduler: FlowMatchConfig;
}

/** Text to image with a FLUX.1 checkpoint, step for step as diffusers' FluxPipeline. */
export class FluxPipeline extends FlowMatchPipeline {
  readonly #parts: FluxParts;

  private constructor(parts: FluxParts) {
    super(parts);
    this.#parts = parts;
  }

  /** Throws CheckpointError. */
  static async open(checkpoint: Checkpoint, device: Device, options: OpenedWith): Promise<FluxPipeline> {
    const { execution } = options;
    const component = await checkpoint.component('transformer');
    const scheduler = await readScheduler(checkpoint);
    const text = await openTextEncoders(checkpoint, options);
    const vae = await openVaeDecoder(checkpoint, options);
    requireLatentChannels(component, vae);
    const model = await FluxModel.open(component, device);
    const defaults = await readDefaults(checkpoint, model, vae);
    const name = path.basename(checkpoint.folder);
    const identity = { family: 'flux', name, fingerprint: await fingerprint(component) } as const;
    return new FluxPipeline({ device, execution, identity, defaults, model, text, vae, scheduler, patch: PATCH });
  }

  protected override layout(textTokens: number, imageTokens: number): TokenLayout {
    return textFirst(textTokens, imageTokens);
  }

  protected override planesOf(latents: Float32Array, h: number, w: number): Float32Array {
    return unpackLatents(latents, this.#parts.vae.latentChannels, h, w);
  }

  protected override async start(
    samples: readonly Sample[],
    sampling: Sampling,
    signal?: AbortSignal,
  ): Promise<DenoisingRun> {
    const { model, text, scheduler } = this.#parts;
    const { device } = this;
    const embeddings = await text.encode(
      samples.map(({ prompt }) => prompt),
      signal,
    );
    const { rows, columns } = this.tokenGrid(sampling);
    const latents = this.#noise(samples, rows, columns);
    const shape = [samples.length, rows * columns, model.config.inChannels];
    const schedule = fluxSchedule(scheduler, sampling.steps, rows * columns);
    const prepared = model.prepare({
      batch: samples.length,
      context: embeddings.context,
      textTokens: embeddings.textTokens,
      pooled: embeddings.pooled,
      guidance: new Float32Array(samples.length).fill(sampling.guidance),
      textIds: new Float32Array(embeddings.textTokens * POSITION_AXES),
      imageIds: imageTokenIds(rows, columns),
    });
    return {
      latents,
      shape,
      schedule,
      predict: async (step, attention) => {
        const sample = device.upload(latents, shape);
        const times = new Float32Array(samples.length).fill(schedule.timesteps[step]! / TIME_DIVISOR);
        const prediction = await prepared.predict(sample, times, { attention });
        const downloaded = device.download(prediction);
        device.release(sample, prediction);
        return downloaded;
      },
      velocityOf: (prediction) => prediction,
      close: () => prepared.close(),
    };
  }

  /** Packed noise of every sample, from its own seed. */
  #noise(samples: readonly Sample[], rows: number, columns: number): Float32Array {
    const { latentChannels } = this.#parts.vae;
    const [h, w] = [rows * PATCH, columns * PATCH];
    const size = latentChannels * h * w;
    const noise = new Float32Array(samples.length * size);
    samples.forEach(({ seed }, n) => {
      noise.set(packLatents(torchRandn(size, seed), latentChannels, h, w), n * size);
    });
    return noise;
  }
}

/** diffusers' own steps and guidance (those of its schnell example without guidance), at the VAE's native size. */
async function readDefaults(checkpoint: Checkpoint, model: FluxModel, vae: VaeDecoder): Promise<Sampling> {
  const token = PATCH * vae.scaleFactor;
  const native = (await readNativeSize(await checkpoint.folderOf('vae'))) ?? NATIVE_LATENTS * vae.scaleFactor;
  const size = Math.max(token, Math.floor(native / token) * token);
  const ofFamily = model.config.hasGuidance ? { steps: 28, guidance: 3.5 } : { steps: 4, guidance: 0 };
  return readSamplingDefaults(checkpoint.folder, { ...ofFamily, width: size, height: size });
}

/** The transformer denoises 2×2 patches of the VAE's latents, and nothing beside them (as FLUX Fill would). */
function requireLatentChannels(component: Component, vae: VaeDecoder): void {
  const { inChannels, outChannels } = readFluxConfig(component);
  const expected = PATCH ** 2 * vae.latentChannels;
  if (inChannels === expected && outChannels === expected) return;
  throw new CheckpointError(
    component.configFile,
    `takes ${inChannels} channels and puts out ${outChannels}; text to image with this VAE needs ${expected} (4 × its ${vae.latentChannels} latent channels)`,
  );
}
