import type { AttentionLayer } from '../models/mmdit-model.ts';
import type { ModelIdentity, Sampling, SamplingDescription } from '../pipeline/pipeline.ts';
import type { WorkPlace } from './work-bytes.ts';

/** What is known of a model without its weights: of a pipeline too, which is a description with weights on a device. */
export interface ModelDescription {
  readonly identity: ModelIdentity;
  readonly layers: readonly AttentionLayer[];
  /** What the checkpoint is made for: its native size, steps and guidance. */
  readonly defaults: Sampling;
  /** Guidance above which it is classifier-free, so that negative prompts have an effect; null: at none. */
  readonly negativePromptsAbove: number | null;
  /** Whether samples are run with their negative prompt too, so that it has an effect: classifier-free guidance. */
  usesNegativePrompts(settings: Sampling): boolean;
  /** Throws SamplingError where the model cannot make this (a size that its patches don't divide, zero steps …). */
  describeSampling(settings: Sampling): SamplingDescription;
  /**
   * FLOPs of one picture's denoising but for attention's own products: what a scheme cannot save, but for cached heads'
   * projections where the device leaves them out. Of one pass per step;
   * classifier-free guidance doubles this and attention alike. Throws SamplingError.
   */
  linearFlops(settings: Sampling): number;
  /**
   * Memory that so many pictures at once take on such a device beside the weights, about. `keptTensors` as in
   * `Pipeline.denoise`: 1 and the residuals under a plan or in a search. Throws SamplingError.
   */
  workBytes(samples: number, sampling: Sampling, keptTensors: number, place: WorkPlace): number;
}
