import type { AppliedCall } from '../attention/applied-call.ts';
import type { AttentionPlan } from '../attention/attention-plan.ts';
import type { TokenLayout, TokenOrder } from '../attention/token-layout.ts';
import type { ModelDescription } from '../describe/model-description.ts';
import type { Device } from '../device/device.ts';
import type { AttentionHook } from '../models/mmdit-model.ts';

/**
 * A checkpoint opened on a device: text in, pictures out. One per family behind `openPipeline(folder, device)`.
 * Does one thing at a time: a call while another runs throws PipelineBusyError. The device stays the caller's.
 */
export interface Pipeline extends ModelDescription {
  readonly device: Device;
  /** Where text encoders and VAE ran so far, for people: "CPU (ONNX Runtime 1.30.0)"; null before they did. */
  readonly onnx: string | null;
  /** As `ModelDescription.workBytes`, on the pipeline's own device. */
  workBytes(samples: number, sampling: Sampling, keptTensors: number): number;
  /** What the tokenizers make of a prompt: words ignored, tokens cut. Cheap; no network is run. */
  inspectPrompt(prompt: string): PromptNotices;
  /** The denoising loop alone: calibration drives it with its own hooks. */
  denoise(request: DenoiseRequest): Promise<Latents>;
  decode(latents: Latents, signal?: AbortSignal): Promise<readonly RgbImage[]>;
  /** Encode, denoise and decode, with an optional plan. */
  generate(request: GenerateRequest): Promise<GenerateResult>;
  close(): Promise<void>;
}

export interface ModelIdentity {
  readonly family: 'flux' | 'sd3';
  /** Folder name, for people. */
  readonly name: string;
  /** Of config, tensor names, shapes, dtypes and sampled bytes: `sha256:…`. */
  readonly fingerprint: string;
}

export interface Sampling {
  readonly steps: number;
  readonly guidance: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** What a scheme records of the sampler, so that applying it elsewhere can ask first. */
export interface SamplingDescription extends Sampling {
  readonly scheduler: string;
  readonly textTokens: number;
  readonly imageTokens: number;
  readonly tokenOrder: TokenOrder;
  /** The layout of every layer, in order. */
  readonly layouts: readonly TokenLayout[];
}

/** One picture to make. The seed means what it means in diffusers: a CPU torch.Generator. */
export interface Sample {
  readonly prompt: string;
  readonly seed: number;
  /** What not to show; only models with classifier-free guidance look at it. Empty where absent. */
  readonly negativePrompt?: string;
}

export interface PromptNotices {
  /** Words that no tokenizer of the checkpoint knows: they have no effect. */
  readonly ignoredWords: readonly string[];
  /** How much of the prompt each text encoder reads; the rest is cut, as the diffusers pipeline does. */
  readonly reads: readonly EncoderReads[];
}

export interface EncoderReads {
  /** Encoders of a kind that read the same stand as one. */
  readonly encoder: 'CLIP' | 'T5';
  /** Without the tokens that mark beginning and end. */
  readonly readTokens: number;
  readonly promptTokens: number;
}

export interface DenoiseRequest {
  readonly samples: readonly Sample[];
  readonly sampling: Sampling;
  /** The attention hook of a step (0-based, from the sampler). */
  readonly attention: (step: number) => AttentionHook;
  /** Tensors of its output's size that the hook keeps of every layer: counted in the memory that the job needs. */
  readonly keptTensors?: number;
  readonly onProgress?: (progress: GenerateProgress) => void;
  /** A sentence that the user should read: a provider that is wished for and cannot be used. */
  readonly onNotice?: ((text: string) => void) | undefined;
  /**
   * Called before a step, with a way to run it for its outcome alone, as often as wanted; awaited. What hooks keep from
   * step to step is theirs to leave alone.
   */
  readonly beforeStep?: (step: number, predict: PredictUnder) => Promise<void>;
  /** Called when a step's latents are computed, with them (read only, changed by the next step); awaited. */
  readonly afterStep?: (step: number, latents: Float32Array) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

/** The transformer's output at a step under a hook: of every sample, and of both halves of classifier-free guidance. */
export type PredictUnder = (attention: AttentionHook) => Promise<Float32Array>;

/** Final latents in the model's own layout; opaque but for their count. */
export interface Latents {
  readonly samples: number;
  readonly values: Float32Array;
  readonly shape: readonly number[];
  readonly sampling: Sampling;
}

export interface GenerateRequest {
  readonly samples: readonly Sample[];
  readonly sampling: Sampling;
  /** Full attention everywhere where absent. */
  readonly plan?: AttentionPlan;
  readonly onProgress?: (progress: GenerateProgress) => void;
  readonly onNotice?: ((text: string) => void) | undefined;
  readonly signal?: AbortSignal;
}

export type GenerateProgress =
  | { readonly stage: 'encode' }
  /** `step` of `steps` are done: 0 before the first. */
  | { readonly stage: 'denoise'; readonly step: number; readonly steps: number }
  /** `tile` of `tiles` is being decoded, where the picture is decoded in tiles. */
  | { readonly stage: 'decode'; readonly tile?: number; readonly tiles?: number };

export interface GenerateResult {
  /** One per sample. */
  readonly images: readonly RgbImage[];
  readonly seconds: { readonly encode: number; readonly denoise: number; readonly decode: number };
  readonly notices: readonly PromptNotices[];
  /** Every attention call, in the order in which they were made. */
  readonly applied: readonly AppliedCall[];
}

export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** Row-major RGB, 3 bytes a pixel. */
  readonly pixels: Uint8Array;
}
