import type { BlockSize, ModelIdentity, SamplingDescription } from '../../mmdit/index.ts';

/** Everything that a report shows; plain data, so that any run folder can be made into one. */
export interface ReportData {
  /** When it was made: ISO 8601. */
  readonly created: string;
  /** Of Arrowhead. */
  readonly version: string;
  readonly model: ModelIdentity;
  /** As users know it: "AMD EPYC, 2 threads". */
  readonly device: string;
  readonly sampling: Omit<SamplingDescription, 'layouts'>;
  readonly search: ReportSearch;
  readonly table: ReportTable;
  readonly plan: ReportPlan;
  /** At least one picture made both ways. */
  readonly pairs: readonly ReportPair[];
  /** Command lines that repeat the run. */
  readonly commands: readonly ReportCommand[];
}

export interface ReportSearch {
  readonly delta: number;
  readonly headConstraint: number | null;
  readonly granularity: 'head' | 'layer';
  readonly candidates: readonly string[];
  readonly prompts: readonly string[];
  readonly seeds: readonly number[];
  /** null where the model took none. */
  readonly negativePrompt: string | null;
  /** A preview is re-solved from the table of another search, not confirmed by one. */
  readonly mode: 'progressive' | 'preview';
  readonly cost: string;
  /** Wall time of the search. */
  readonly seconds: number;
}

/** RSE of every head under every candidate. */
export interface ReportTable {
  readonly methods: readonly string[];
  readonly layers: readonly string[];
  readonly steps: number;
  readonly heads: number;
  /** `[steps, layers, methods, heads]`; NaN where a method was not possible. */
  readonly rse: Float32Array;
}

export interface ReportPlan {
  readonly methods: readonly string[];
  /** Indices into `methods`: `[step][layer][head]`. */
  readonly choices: readonly (readonly (readonly number[])[])[];
  readonly block: BlockSize;
  /** 0 to 1. */
  readonly sparsity: number;
}

export interface ReportPair {
  readonly prompt: string;
  readonly negativePrompt: string | null;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  /** PNG files. */
  readonly original: Uint8Array;
  readonly compressed: Uint8Array;
  readonly difference: Uint8Array;
  /** What pixel differences were multiplied by in `difference`. */
  readonly amplification: number;
  readonly ssim: number;
  /** Infinity for equal pictures. */
  readonly psnr: number;
  /** AlexNet's; null where its weights are not installed. */
  readonly lpips: number | null;
  /** The same with inputs in [0, 1]. */
  readonly lpipsPaper: number | null;
  /** Wall time of the denoising loop. */
  readonly seconds: { readonly original: number; readonly compressed: number };
}

export interface ReportCommand {
  readonly purpose: string;
  readonly line: string;
}
