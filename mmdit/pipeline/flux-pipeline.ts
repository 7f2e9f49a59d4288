import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { describeFlux } from '../describe/describe-flux.ts';
import type { Device } from '../device/device.ts';
import { FluxModel } from '../models/flux.ts';
import { torchRandn } from '../random/torch-randn.ts';
import { fluxSchedule } from '../schedulers/flow-match-euler.ts';
import { openTextEncoders } from '../text/open-text-encoders.ts';
import { openVaeDecoder } from '../vae/vae-decoder.ts';
import { type DenoisingRun, FlowMatchPipeline, type PipelineParts } from './flow-match-pipeline.ts';
import { imageTokenIds, packLatents, unpackLatents } from './packed-latents.ts';
import type { Sample, Sampling } from './pipeline.ts';
import type { OpenedWith } from './pipeline-options.ts';

/** FLUX numbers its tokens by (unused, row, column); text tokens are all (0, 0, 0). */
const POSITION_AXES = 3;
/** FluxPipeline divides its timesteps by this before the transformer sees them, whatever the scheduler's range. */
const TIME_DIVISOR = 1000;

interface FluxParts extends PipelineParts {
  readonly model: FluxModel;
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
    const facts = await describeFlux(checkpoint, component, options);
    const text = await openTextEncoders(checkpoint, options);
    const vae = await openVaeDecoder(checkpoint, options);
    const model = await FluxModel.open(component, device, options.loading);
    return new FluxPipeline({ device, execution, facts, model, text, vae });
  }

  protected override planesOf(latents: Float32Array, h: number, w: number): Float32Array {
    return unpackLatents(latents, this.#parts.vae.latentChannels, h, w);
  }

  protected override async start(
    samples: readonly Sample[],
    sampling: Sampling,
    signal?: AbortSignal,
  ): Promise<DenoisingRun> {
    const { model, text } = this.#parts;
    const { scheduler } = this.facts;
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
    const { patch } = this.facts;
    const [h, w] = [rows * patch, columns * patch];
    const size = latentChannels * h * w;
    const noise = new Float32Array(samples.length * size);
    samples.forEach(({ seed }, n) => {
      noise.set(packLatents(torchRandn(size, seed), latentChannels, h, w), n * size);
    });
    return noise;
  }
}
