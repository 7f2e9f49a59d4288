import { PlanAttention } from '../attention/plan-attention.ts';
import { requirePlan } from '../attention/require-plan.ts';
import { keptTensors } from '../attention/residual-needs.ts';
import { DescribedModel, type ModelFacts } from '../describe/described-model.ts';
import { requireWorkMemory } from '../describe/work-bytes.ts';
import type { Device, Shape } from '../device/device.ts';
import { runAbortable } from '../device/run-abortable.ts';
import type { AttentionHook, MmditModel } from '../models/mmdit-model.ts';
import type { OnnxExecution } from '../onnx/onnx-execution.ts';
import { eulerStep, type Schedule } from '../schedulers/flow-match-euler.ts';
import type { TextEncoders } from '../text/text-encoders.ts';
import type { VaeDecoder } from '../vae/vae-decoder.ts';
import { Exclusive } from './exclusive.ts';
import { findFaultyLayer } from './find-faulty-layer.ts';
import { findFault, predictionError, requirePicture, requirePixels } from './output-error.ts';
import type {
  DenoiseRequest,
  GenerateRequest,
  GenerateResult,
  Latents,
  Pipeline,
  PromptNotices,
  RgbImage,
  Sample,
  Sampling,
} from './pipeline.ts';
import { requireSamples } from './require-sampling.ts';
import { Stopwatch } from './stopwatch.ts';
import { toRgbImage } from './to-rgb-image.ts';

export interface PipelineParts {
  readonly device: Device;
  readonly facts: ModelFacts;
  readonly model: MmditModel;
  readonly text: TextEncoders;
  readonly vae: VaeDecoder;
  /** Where text encoders and VAE run. */
  readonly execution: OnnxExecution;
}

/** One run of the sampler, with text and positions on the device. */
export interface DenoisingRun {
  /** Noise in the model's own layout, one sample after another; the sampler changes it in place. */
  readonly latents: Float32Array;
  readonly shape: Shape;
  readonly schedule: Schedule;
  /** The transformer's output at a step, laid out as the latents; with classifier-free guidance the unguided half first. */
  predict(step: number, attention: AttentionHook): Promise<Float32Array>;
  /** The velocity of every sample, from the transformer's output. */
  velocityOf(prediction: Float32Array): Float32Array;
  close(): void;
}

/** What pipelines of flow-matching MMDiT models have in common: all but conditioning and the layout of latents. */
export abstract class FlowMatchPipeline extends DescribedModel implements Pipeline {
  readonly device: Device;
  readonly #parts: PipelineParts;
  readonly #exclusive = new Exclusive();

  constructor(parts: PipelineParts) {
    super(parts.facts);
    this.device = parts.device;
    this.#parts = parts;
  }

  /** Encodes the prompts and makes the noise. Called while the device may be aborted. */
  protected abstract start(samples: readonly Sample[], sampling: Sampling, signal?: AbortSignal): Promise<DenoisingRun>;
  /** One sample's latents as planes [channels, h, w]. */
  protected abstract planesOf(latents: Float32Array, h: number, w: number): Float32Array;

  get onnx(): string | null {
    return this.#parts.execution.describe();
  }

  override workBytes(samples: number, sampling: Sampling, keptTensors: number): number {
    return super.workBytes(samples, sampling, keptTensors, this.device.info);
  }

  inspectPrompt(prompt: string): PromptNotices {
    return this.#parts.text.tokenizers.inspect(prompt);
  }

  denoise(request: DenoiseRequest): Promise<Latents> {
    return this.#exclusive.run('denoising', () => this.#denoise(request));
  }

  decode(latents: Latents, signal?: AbortSignal): Promise<readonly RgbImage[]> {
    return this.#exclusive.run('decoding', () => this.#decode(latents, signal ? { signal } : {}));
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
    requireSamples(samples);
    requireWorkMemory(this.device, this.work(samples.length, sampling, request.keptTensors ?? 0));
    request.onProgress?.({ stage: 'encode' });
    return runAbortable(this.device, signal, async () => {
      const run = await this.start(samples, sampling, signal);
      this.#tell(request);
      try {
        await this.#run(request, run);
      } finally {
        run.close();
      }
      return { samples: samples.length, values: run.latents, shape: run.shape, sampling };
    });
  }

  /** The Euler loop; the run's latents are updated in place. */
  async #run(request: DenoiseRequest, { latents, schedule, predict, velocityOf }: DenoisingRun): Promise<void> {
    const { samples, sampling } = request;
    const { steps } = sampling;
    request.onProgress?.({ stage: 'denoise', step: 0, steps });
    for (let step = 0; step < steps; step++) {
      request.signal?.throwIfAborted();
      await request.beforeStep?.(step, (attention) => predict(step, attention));
      const velocity = velocityOf(await predict(step, request.attention(step)));
      const fault = findFault(velocity, samples.length);
      if (fault !== null) {
        const again = (hook: AttentionHook) => predict(step, hook);
        const layer = await findFaultyLayer(this.device, this.layers, again, request.attention(step));
        throw predictionError(fault, layer, step, steps);
      }
      eulerStep(latents, velocity, schedule.sigmas[step]!, schedule.sigmas[step + 1]!);
      await request.afterStep?.(step, latents);
      request.onProgress?.({ stage: 'denoise', step: step + 1, steps });
    }
  }

  async #decode(
    latents: Latents,
    { signal, onProgress, onNotice }: Pick<GenerateRequest, 'signal' | 'onProgress' | 'onNotice'>,
  ): Promise<readonly RgbImage[]> {
    const { vae } = this.#parts;
    const { patch } = this.facts;
    const { rows, columns } = this.tokenGrid(latents.sampling);
    const [h, w] = [rows * patch, columns * patch];
    const size = vae.latentChannels * h * w;
    const images: RgbImage[] = [];
    for (let n = 0; n < latents.samples; n++) {
      signal?.throwIfAborted();
      const planes = this.planesOf(latents.values.subarray(n * size, (n + 1) * size), h, w);
      const onTile = (tile: number, tiles: number) => onProgress?.({ stage: 'decode', tile, tiles });
      const pixels = await vae.decode(planes, h, w, { signal, onTile, onNotice });
      this.#tell({ onNotice });
      requirePixels(pixels, n);
      const image = toRgbImage(pixels, h * vae.scaleFactor, w * vae.scaleFactor);
      requirePicture(image.pixels, n, latents.sampling.steps);
      images.push(image);
    }
    signal?.throwIfAborted();
    return images;
  }

  async #generate(request: GenerateRequest): Promise<GenerateResult> {
    const { samples, sampling, plan, onProgress, signal } = request;
    const onNotice = eachOnce(request.onNotice);
    if (this.facts.notice !== null) onNotice?.(this.facts.notice);
    if (plan) requirePlan(plan, this.layers, sampling.steps, this.device, this.usesNegativePrompts(sampling));
    const watch = new Stopwatch();
    const attention = new PlanAttention(this.device, this.layers, plan ?? null);
    try {
      const latents = await this.#denoise({
        samples,
        sampling,
        attention: (step) => attention.step(step),
        keptTensors: plan ? keptTensors(plan) : 0,
        onProgress: (progress) => {
          if (progress.stage === 'denoise' && progress.step === 0) watch.lap('encode');
          onProgress?.(progress);
        },
        onNotice,
        ...(signal && { signal }),
      });
      watch.lap('denoise');
      onProgress?.({ stage: 'decode' });
      const images = await this.#decode(latents, { ...request, onNotice });
      watch.lap('decode');
      const notices = samples.map(({ prompt }) => this.inspectPrompt(prompt));
      return { images, seconds: watch.seconds, notices, applied: attention.applied };
    } finally {
      attention.close();
    }
  }

  #tell({ onNotice }: Pick<GenerateRequest, 'onNotice'>): void {
    for (const notice of this.#parts.execution.takeNotices()) onNotice?.(notice);
  }
}

/** What text encoders and VAE both have to say is said once a picture. */
function eachOnce(onNotice: GenerateRequest['onNotice']): GenerateRequest['onNotice'] {
  const said = new Set<string>();
  return (notice) => {
    if (said.has(notice)) return;
    said.add(notice);
    onNotice?.(notice);
  };
}
