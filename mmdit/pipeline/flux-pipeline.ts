import path from 'node:path';
import { PlanAttention } from '../attention/plan-attention.ts';
import { requirePlan } from '../attention/require-plan.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointError } from '../checkpoint/checkpoint-error.ts';
import type { Component } from '../checkpoint/component.ts';
import { fingerprint } from '../checkpoint/fingerprint.ts';
import type { Device, Shape } from '../device/device.ts';
import { runAbortable } from '../device/run-abortable.ts';
import { FluxModel } from '../models/flux.ts';
import { readFluxConfig } from '../models/flux-config.ts';
import { textFirst } from '../models/flux-run.ts';
import type { AttentionLayer, PreparedModel } from '../models/mmdit-model.ts';
import { torchRandn } from '../random/torch-randn.ts';
import { FLOW_MATCH_EULER, type FlowMatchConfig, readFlowMatchConfig } from '../schedulers/flow-match-config.ts';
import { eulerStep, fluxSchedule } from '../schedulers/flow-match-euler.ts';
import { openTextEncoders } from '../text/open-text-encoders.ts';
import type { TextEncoderOptions, TextEncoders } from '../text/text-encoders.ts';
import { openVaeDecoder, type VaeDecoder } from '../vae/vae-decoder.ts';
import { Exclusive } from './exclusive.ts';
import { imageTokenIds, packLatents, unpackLatents } from './packed-latents.ts';
import type {
  DenoiseRequest,
  GenerateRequest,
  GenerateResult,
  Latents,
  ModelIdentity,
  Pipeline,
  PromptNotices,
  RgbImage,
  Sample,
  Sampling,
  SamplingDescription,
} from './pipeline.ts';
import { requireSamples, requireSampling } from './require-sampling.ts';
import { readNativeSize, readSamplingDefaults } from './sampling-defaults.ts';
import { Stopwatch } from './stopwatch.ts';
import { toRgbImage } from './to-rgb-image.ts';

const PATCH = 2;
/** FluxPipeline.default_sample_size: latents per side where nothing says otherwise. */
const NATIVE_LATENTS = 128;
/** FLUX numbers its tokens by (unused, row, column); text tokens are all (0, 0, 0). */
const POSITION_AXES = 3;
/** FluxPipeline divides its timesteps by this before the transformer sees them, whatever the scheduler's range. */
const TIME_DIVISOR = 1000;

interface Parts {
  readonly model: FluxModel;
  readonly text: TextEncoders;
  readonly vae: VaeDecoder;
  readonly scheduler: FlowMatchConfig;
}

/** Text to image with a FLUX.1 checkpoint, step for step as diffusers' FluxPipeline. */
export class FluxPipeline implements Pipeline {
  readonly identity: ModelIdentity;
  readonly device: Device;
  readonly defaults: Sampling;
  readonly #parts: Parts;
  readonly #exclusive = new Exclusive();

  private constructor(device: Device, identity: ModelIdentity, defaults: Sampling, parts: Parts) {
    this.device = device;
    this.identity = identity;
    this.defaults = defaults;
    this.#parts = parts;
  }

  /** Throws CheckpointError. */
  static async open(checkpoint: Checkpoint, device: Device, options: TextEncoderOptions): Promise<FluxPipeline> {
    const component = await checkpoint.component('transformer');
    const scheduler = await readFlowMatchConfig(path.join(checkpoint.path('scheduler'), 'scheduler_config.json'));
    const text = await openTextEncoders(checkpoint, options);
    const vae = await openVaeDecoder(checkpoint);
    requireLatentChannels(component, vae);
    const model = await FluxModel.open(component, device);
    const defaults = await readDefaults(checkpoint, model, vae);
    const name = path.basename(checkpoint.folder);
    const identity = { family: 'flux', name, fingerprint: await fingerprint(component) } as const;
    return new FluxPipeline(device, identity, defaults, { model, text, vae, scheduler });
  }

  get layers(): readonly AttentionLayer[] {
    return this.#parts.model.layers;
  }

  describeSampling(settings: Sampling): SamplingDescription {
    requireSampling(settings, this.#pixelsPerToken);
    const { rows, columns } = this.#tokenGrid(settings);
    const { textTokens } = this.#parts.text;
    const imageTokens = rows * columns;
    return {
      ...settings,
      scheduler: FLOW_MATCH_EULER,
      textTokens,
      imageTokens,
      tokenOrder: textFirst(textTokens, imageTokens).order,
      layouts: this.layers.map((layer) => layer.layout(textTokens, imageTokens)),
    };
  }

  linearFlops(settings: Sampling): number {
    const { textTokens, imageTokens } = this.describeSampling(settings);
    return settings.steps * this.#parts.model.linearFlops(textTokens, imageTokens);
  }

  inspectPrompt(prompt: string): PromptNotices {
    return this.#parts.text.inspect(prompt);
  }

  denoise(request: DenoiseRequest): Promise<Latents> {
    return this.#exclusive.run('denoising', () => this.#denoise(request));
  }

  decode(latents: Latents, signal?: AbortSignal): Promise<readonly RgbImage[]> {
    return this.#exclusive.run('decoding', () => this.#decode(latents, signal));
  }

  generate(request: GenerateRequest): Promise<GenerateResult> {
    return this.#exclusive.run('generating', () => this.#generate(request));
  }

  async close(): Promise<void> {
    this.#parts.model.close();
    await this.#parts.text.close();
    await this.#parts.vae.close();
  }

  async #denoise(request: DenoiseRequest): Promise<Latents> {
    const { samples, sampling, signal } = request;
    requireSampling(sampling, this.#pixelsPerToken);
    requireSamples(samples);
    request.onProgress?.({ stage: 'encode' });
    const prompts = samples.map(({ prompt }) => prompt);
    const embeddings = await this.#parts.text.encode(prompts, signal);
    const { rows, columns } = this.#tokenGrid(sampling);
    const shape = [samples.length, rows * columns, this.#parts.model.config.inChannels];
    const latents = this.#noise(samples, rows, columns);
    await runAbortable(this.device, signal, async () => {
      const prepared = this.#parts.model.prepare({
        batch: samples.length,
        context: embeddings.context,
        textTokens: embeddings.textTokens,
        pooled: embeddings.pooled,
        guidance: new Float32Array(samples.length).fill(sampling.guidance),
        textIds: new Float32Array(embeddings.textTokens * POSITION_AXES),
        imageIds: imageTokenIds(rows, columns),
      });
      try {
        await this.#run(request, prepared, latents, shape);
      } finally {
        prepared.close();
      }
    });
    return { samples: samples.length, values: latents, shape, sampling };
  }

  /** The Euler loop; `latents` is updated in place. */
  async #run(request: DenoiseRequest, model: PreparedModel, latents: Float32Array, shape: Shape): Promise<void> {
    const { steps } = request.sampling;
    const { sigmas, timesteps } = fluxSchedule(this.#parts.scheduler, steps, shape[1] ?? 0);
    request.onProgress?.({ stage: 'denoise', step: 0, steps });
    for (let step = 0; step < steps; step++) {
      request.signal?.throwIfAborted();
      const sample = this.device.upload(latents, shape);
      const times = new Float32Array(request.samples.length).fill(timesteps[step]! / TIME_DIVISOR);
      const prediction = await model.predict(sample, times, { attention: request.attention(step) });
      const downloaded = this.device.download(prediction);
      this.device.release(sample, prediction);
      eulerStep(latents, await downloaded, sigmas[step]!, sigmas[step + 1]!);
      await request.afterStep?.(step, latents);
      request.onProgress?.({ stage: 'denoise', step: step + 1, steps });
    }
  }

  async #decode(latents: Latents, signal?: AbortSignal): Promise<readonly RgbImage[]> {
    const { vae } = this.#parts;
    const { rows, columns } = this.#tokenGrid(latents.sampling);
    const [h, w] = [rows * PATCH, columns * PATCH];
    const size = vae.latentChannels * h * w;
    const images: RgbImage[] = [];
    for (let n = 0; n < latents.samples; n++) {
      signal?.throwIfAborted();
      const packed = latents.values.subarray(n * size, (n + 1) * size);
      const planes = await vae.decode(unpackLatents(packed, vae.latentChannels, h, w), h, w, signal);
      images.push(toRgbImage(planes, h * vae.scaleFactor, w * vae.scaleFactor));
    }
    signal?.throwIfAborted();
    return images;
  }

  async #generate(request: GenerateRequest): Promise<GenerateResult> {
    const { samples, sampling, plan, onProgress, signal } = request;
    if (plan) requirePlan(plan, this.layers, sampling.steps, this.device);
    const watch = new Stopwatch();
    const attention = new PlanAttention(this.device, this.layers, plan ?? null);
    try {
      const latents = await this.#denoise({
        samples,
        sampling,
        attention: (step) => attention.step(step),
        onProgress: (progress) => {
          if (progress.stage === 'denoise' && progress.step === 0) watch.lap('encode');
          onProgress?.(progress);
        },
        ...(signal && { signal }),
      });
      watch.lap('denoise');
      onProgress?.({ stage: 'decode' });
      const images = await this.#decode(latents, signal);
      watch.lap('decode');
      return { images, seconds: watch.seconds, notices: samples.map(({ prompt }) => this.inspectPrompt(prompt)) };
    } finally {
      attention.close();
    }
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

  get #pixelsPerToken(): number {
    return this.#parts.vae.scaleFactor * PATCH;
  }

  #tokenGrid({ width, height }: Sampling): { rows: number; columns: number } {
    return { rows: height / this.#pixelsPerToken, columns: width / this.#pixelsPerToken };
  }
}

/** diffusers' own steps and guidance (those of its schnell example without guidance), at the VAE's native size. */
async function readDefaults(checkpoint: Checkpoint, model: FluxModel, vae: VaeDecoder): Promise<Sampling> {
  const token = PATCH * vae.scaleFactor;
  const native = (await readNativeSize(checkpoint.path('vae'))) ?? NATIVE_LATENTS * vae.scaleFactor;
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
