import type { Workbench } from '../../electron/contract.ts';
import type { ConnectionStatus } from '../state/host-slice.ts';

/** A host and whether it can be reached now. */
export interface WorkbenchConnection {
  readonly workbench: Workbench;
  /** Calls the listener at once and at every change. Returns what ends that. */
  onStatus(listener: (status: ConnectionStatus) => void): () => void;
}
