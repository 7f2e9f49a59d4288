import type { ErrorInfo, Progress } from '../../contract.ts';

/** What a worker tells while it works on a call. */
export type CallReport =
  | { readonly kind: 'progress'; readonly progress: Omit<Progress, 'etaSeconds'> & { etaSeconds?: number | null } }
  | { readonly kind: 'notice'; readonly text: string }
  /** The run that it writes, told at its start and whenever it has changed. */
  | { readonly kind: 'run'; readonly run: string };

export type ToWorker =
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly params: unknown }
  | { readonly kind: 'cancel'; readonly id: number }
  /** Last of all: cancel everything, then end. */
  | { readonly kind: 'end' };

export type FromWorker =
  /** A call has arrived and is being worked on. */
  | { readonly kind: 'taken'; readonly id: number }
  | { readonly kind: 'report'; readonly id: number; readonly report: CallReport }
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | {
      readonly kind: 'error';
      readonly id: number;
      readonly error: ErrorInfo;
      /** The worker can do nothing more after this error: another one has to take its place. */
      readonly unusable: boolean;
    }
  /** Last of all, from a process: something was thrown outside of any call. */
  | { readonly kind: 'fault'; readonly error: ErrorInfo; readonly stack: string };

/** The calls of a worker: name → what goes in and what comes out, both fit for structured clones. */
export type CallMap = { readonly [name: string]: { readonly params: unknown; readonly result: unknown } };

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onReport?: (report: CallReport) => void;
}
