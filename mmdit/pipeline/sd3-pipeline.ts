import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { describeSd3 } from '../describe/describe-sd3.ts';
import type { Device } from '../device/device.ts';
import { Sd3Model } from '../models/sd3.ts';
import { fromPatches, toPatches } from '../models/sd3-patches.ts';
import { torchRandn } from '../random/torch-randn.ts';
import { trainedRangeSchedule } from '../schedulers/flow-match-euler.ts';
import { openTextEncoders } from '../text/open-text-encoders.ts';
import type { TextEmbeddings } from '../text/text-encoders.ts';
import { openVaeDecoder } from '../vae/vae-decoder.ts';
import { type DenoisingRun, FlowMatchPipeline, type PipelineParts } from './flow-match-pipeline.ts';
import type { Sample, Sampling } from './pipeline.ts';
import type { OpenedWith } from './pipeline-options.ts';

interface Sd3Parts extends PipelineParts {
  readonly model: Sd3Model;
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
    const facts = await describeSd3(checkpoint, component, options);
    const text = await openTextEncoders(checkpoint, options);
    const vae = await openVaeDecoder(checkpoint, options);
    const model = await Sd3Model.open(component, device, options.loading);
    return new Sd3Pipeline({ device, execution, facts, model, text, vae });
  }

  protected override planesOf(latents: Float32Array): Float32Array {
    return latents;
  }

  protected override async start(
    samples: readonly Sample[],
    sampling: Sampling,
    signal?: AbortSignal,
  ): Promise<DenoisingRun> {
    const { model, vae } = this.#parts;
    const { scheduler, patch } = this.facts;
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
