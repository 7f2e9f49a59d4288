import type { Scheme } from '../../../calibration/index.ts';
import type {
  AttentionMapReply,
  Comparison,
  DeviceReport,
  JobRequest,
  LpipsNetwork,
  Sampling,
  SolveSettings,
} from '../../contract.ts';

/** What every job in the engine needs to know. */
interface JobPlace {
  /** The library's folder, where runs are made. */
  readonly library: string;
}

type RequestOf<K extends JobRequest['kind']> = Extract<JobRequest, { readonly kind: K }>;

/** One pair of bounds of a sweep with the plan that it gives. */
export interface SweepPlan {
  readonly tuning: Omit<SolveSettings, 'run'>;
  readonly scheme: Scheme;
  readonly sparsity: number;
  readonly attentionSpeedUp: number | null;
  readonly endToEndSpeedUp: number | null;
}

/** The maps of one step, by layer and head. */
export type StepMaps = readonly AttentionMapReply[];

/** What the engine's process starts with. */
export interface EngineStart {
  /** A device name as settings hold it. */
  readonly device: string;
}

/** What the host asks of the engine's process. `folder`: a checkpoint's; null is the demo's. */
export type EngineCalls = {
  /** From the next model that is opened on; one in use stays where it is. */
  readonly useDevice: { readonly params: EngineStart; readonly result: null };
  /** Memory that the engine's process takes. */
  readonly residentBytes: { readonly params: null; readonly result: number };
  readonly devices: { readonly params: null; readonly result: Pick<DeviceReport, 'devices' | 'onnx'> };
  /** How far picture b is from a; both are files. */
  readonly comparePictures: {
    readonly params: { readonly a: string; readonly b: string; readonly lpips: LpipsNetwork };
    readonly result: Comparison;
  };
  readonly generate: {
    readonly params: JobPlace & {
      readonly request: RequestOf<'generate'>;
      readonly scheme: Scheme | null;
      readonly parent: string | null;
    };
    readonly result: null;
  };
  readonly calibrate: {
    readonly params: JobPlace & {
      readonly request: RequestOf<'calibrate'>;
      readonly parent: string | null;
      /** Of the run that it confirms: another model's search would be another search. null: any. */
      readonly fingerprint: string | null;
    };
    readonly result: null;
  };
  readonly resume: { readonly params: JobPlace & { readonly run: string }; readonly result: null };
  readonly sweep: {
    readonly params: JobPlace & {
      readonly request: RequestOf<'sweep'>;
      /** Checkpoint folder; null: the demo's. */
      readonly model: string | null;
      readonly sampling: Sampling;
      /** Of the table's model; null where it does not say. */
      readonly fingerprint: string | null;
      readonly plans: readonly SweepPlan[];
      /** A sweep to go on with. */
      readonly run: string | null;
    };
    readonly result: null;
  };
  readonly attentionMaps: {
    readonly params: { readonly request: RequestOf<'attention-map'>; readonly scheme: Scheme | null };
    readonly result: StepMaps;
  };
};
