import path from 'node:path';
import type { TokenLayout } from '../attention/token-layout.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { Component } from '../checkpoint/component.ts';
import { fingerprint } from '../checkpoint/fingerprint.ts';
import type { Device } from '../device/device.ts';
import { Sd3Model } from '../models/sd3.ts';
import { readSd3Config } from '../models/sd3-config.ts';
import { fromPatches, toPatches } from '../models/sd3-patches.ts';
import { imageFirst } from '../models/sd3-run.ts';
import { torchRandn } from '../random/torch-randn.ts';
import { type FlowMatchConfig, readScheduler } from '../schedulers/flow-match-config.ts';
import { trainedRangeSchedule } from '../schedulers/flow-match-euler.ts';
import { openTextEncoders } from '../text/open-text-encoders.ts';
import type { TextEmbeddings } from '../text/text-encoders.ts';
import { openVaeDecoder, type VaeDecoder } from '../vae/vae-decoder.ts';
import { type DenoisingRun, FlowMatchPipeline, type PipelineParts } from './flow-match-pipeline.ts';
import type { Sample, Sampling, SamplingDescription } from './pipeline.ts';
import type { OpenedWith } from './pipeline-options.ts';
import { readSamplingDefaults } from './sampling-defaults.ts';
import { SamplingError } from './sampling-error.ts';

/** StableDiffusion3Pipeline's own where a checkpoint says nothing. */
const FAMILY_DEFAULTS = { steps: 28, guidance: 7 };

interface Sd3Parts extends PipelineParts {
  readonly model: Sd3Model;
  readonly scheduler: FlowMatchConfig;
}

/**
 * Text to image with an SD3 or SD3.5 checkpoint, step for step as diffusers' StableDiffusion3Pipeline. Guidance above 1
 * is classifier-free: every sample is run with its negative prompt and with its prompt, in one batch, negatives first.
 */
export class Sd3Pipeline extends FlowMatchPipeline {
  readonly #parts: Sd3Parts;

  private constructor(parts: Sd3Parts) {
    super(parts);
    this.#parts = parts;
  }

  /** Throws CheckpointError. */
  static async open(checkpoint: Checkpoint, device: Device, options: OpenedWith): Promise<Sd3Pipeline> {
    const { execution } = options;
    const component = await checkpoint.component('transformer');
    const scheduler = await readScheduler(checkpoint);
    const text = await openTextEncoders(checkpoint, options);
    const vae = await openVaeDecoder(checkpoint, options);
    requireLatentChannels(component, vae);
    const model = await Sd3Model.open(component, device);
    const { patch, maxSize, sampleSize } = model.config;
    const side = Math.min(Math.max(1, Math.floor(sampleSize / patch)), maxSize) * patch * vae.scaleFactor;
    const defaults = await readSamplingDefaults(checkpoint.folder, { ...FAMILY_DEFAULTS, width: side, height: side });
    const name = path.basename(checkpoint.folder);
    const identity = { family: 'sd3', name, fingerprint: await fingerprint(component) } as const;
    return new Sd3Pipeline({ device, execution, identity, defaults, model, text, vae, scheduler, patch });
  }

  /** Throws SamplingError for a size beyond the position table too. */
  override describeSampling(settings: Sampling): SamplingDescription {
    const description = super.describeSampling(settings);
    const { maxSize } = this.#parts.model.config;
    const { rows, columns } = this.tokenGrid(settings);
    if (Math.max(rows, columns) > maxSize) {
      const pixels = maxSize * (settings.width / columns);
      throw new SamplingError(
        `width and height are at most ${pixels} pixels for this model (a position table of ${maxSize} × ${maxSize}); found ${settings.width}×${settings.height}`,
      );
    }
    return description;
  }

  override get negativePromptsAbove(): number {
    return 1;
  }

  protected override layout(textTokens: number, imageTokens: number): TokenLayout {
    return imageFirst(textTokens, imageTokens);
  }

  protected override planesOf(latents: Float32Array): Float32Array {
    return latents;
  }

  protected override async start(
    samples: readonly Sample[],
    sampling: Sampling,
    signal?: AbortSignal,
  ): Promise<DenoisingRun> {
    this.describeSampling(sampling);
    const { model, vae, scheduler } = this.#parts;
    const { patch } = model.config;
    const { device } = this;
    const { rows, columns } = this.tokenGrid(sampling);
    const [channels, h, w] = [vae.latentChannels, rows * patch, columns * patch];
    const guided = this.usesNegativePrompts(sampling);
    const copies = guided ? 2 : 1;
    const batch = samples.length * copies;
    const { context, pooled, textTokens } = await this.#embed(samples, guided, signal);
    const prepared = model.prepare({ batch, context, pooled, textTokens, rows, columns });
    const latents = new Float32Array(samples.length * channels * h * w);
    samples.forEach(({ seed }, n) => {
      latents.set(torchRandn(channels * h * w, seed), n * channels * h * w);
    });
    const schedule = trainedRangeSchedule(scheduler, sampling.steps, rows * columns);
    const patchShape = [batch, rows * columns, channels * patch ** 2];
    return {
      latents,
      shape: [samples.length, channels, h, w],
      schedule,
      predict: async (step, attention) => {
        const patches = toPatches(latents, channels, h, w, patch);
        const repeated = new Float32Array(patches.length * copies);
        for (let copy = 0; copy < copies; copy++) repeated.set(patches, copy * patches.length);
        const sample = device.upload(repeated, patchShape);
        const times = new Float32Array(batch).fill(schedule.timesteps[step]!);
        const prediction = await prepared.predict(sample, times, { attention });
        const downloaded = device.download(prediction);
        device.release(sample, prediction);
        return fromPatches(await downloaded, channels, h, w, patch);
      },
      velocityOf: (prediction) => (guided ? guide(prediction, sampling.guidance) : prediction),
      close: () => prepared.close(),
    };
  }

  /** Negative prompts first, as diffusers orders the batch. */
  async #embed(samples: readonly Sample[], guided: boolean, signal?: AbortSignal): Promise<TextEmbeddings> {
    const prompts = samples.map(({ prompt }) => prompt);
    const negatives = guided ? samples.map(({ negativePrompt }) => negativePrompt ?? '') : [];
    return this.#parts.text.encode([...negatives, ...prompts], signal);
  }
}

/** unconditional + guidance · (conditional − unconditional), of a batch whose first half is unconditional. */
function guide(velocity: Float32Array, guidance: number): Float32Array {
  const half = velocity.length / 2;
  const guided = new Float32Array(half);
  for (let n = 0; n < half; n++) {
    const unconditional = velocity[n]!;
    guided[n] = unconditional + Math.fround(guidance * Math.fround(velocity[half + n]! - unconditional));
  }
  return guided;
}

function requireLatentChannels(component: Component, vae: VaeDecoder): void {
  const { inChannels, outChannels } = readSd3Config(component);
  if (inChannels === vae.latentChannels && outChannels === vae.latentChannels) return;
  throw new CheckpointError(
    component.configFile,
    `takes ${inChannels} channels and puts out ${outChannels}; its VAE has ${vae.latentChannels} latent channels`,
  );
}
