import type { CheckpointReport, ModelInfo, PromptNotices, Sampling, SamplingDescription } from '../../contract.ts';

interface Place {
  /** A checkpoint's folder; null: the demo's. */
  readonly folder: string | null;
}

/** What the main thread asks about checkpoints: answered from their configs, without weights or a device. */
export type DescribeCalls = {
  /** Asked at the start, so that the first question finds the thread's modules loaded. */
  readonly warmUp: { readonly params: null; readonly result: null };
  readonly modelInfo: {
    readonly params: Place;
    readonly result: Pick<
      ModelInfo,
      'family' | 'fingerprint' | 'layers' | 'defaults' | 'negativePromptsAbove' | 'prompts'
    >;
  };
  readonly inspect: { readonly params: Place; readonly result: CheckpointReport };
  readonly describeSampling: {
    /** `device`: the kind that the model would run on, which decides the mask block. */
    readonly params: Place & { readonly sampling: Sampling; readonly device: 'cpu' | 'cuda' };
    readonly result: SamplingDescription;
  };
  readonly inspectPrompt: { readonly params: Place & { readonly prompt: string }; readonly result: PromptNotices };
  /** FLOPs of one picture beside attention, where the folder's model is the one of this fingerprint; else null. */
  readonly linearFlops: {
    readonly params: Place & { readonly fingerprint: string; readonly sampling: Sampling };
    readonly result: number | null;
  };
};
