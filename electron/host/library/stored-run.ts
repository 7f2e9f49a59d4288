import type { RunManifest } from '../../../calibration/runs/run-manifest.ts';
import type { RunSummary } from '../../contract.ts';

/** A run as its folder says it is, whatever the jobs of this host are doing. */
export type RunOnDisk = Omit<RunSummary, 'status'> & {
  readonly status: RunManifest['status'];
  /** Whether another program works on it. */
  readonly claimed: boolean;
};

export type StoredRun =
  | { readonly id: string; readonly run: RunOnDisk; readonly reason: null }
  /** It cannot be read, and why. */
  | { readonly id: string; readonly run: null; readonly reason: string };

/** A run for the list. One that says `running`, and that nobody works on, was interrupted. */
export function summaryOf({ claimed, ...run }: RunOnDisk, inUse: boolean): RunSummary {
  if (inUse || claimed) return { ...run, status: 'running', resumable: false };
  const status = run.status === 'running' ? 'interrupted' : run.status;
  return { ...run, status, resumable: run.resumable && status !== 'finished' };
}
