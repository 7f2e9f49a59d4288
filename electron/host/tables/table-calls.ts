import type { Scheme } from '../../../calibration/index.ts';
import type { Calibration } from '../../contract.ts';
import type { SolvedAttention, Tuning } from './solve-open-table.ts';

/** What the main thread asks of the table worker; `folder` is a run's. */
export type TableCalls = {
  readonly open: { readonly params: { readonly folder: string }; readonly result: OpenedTable };
  readonly solve: {
    readonly params: { readonly folder: string; readonly tuning: Tuning };
    readonly result: SolvedAttention;
  };
  readonly scheme: {
    readonly params: { readonly folder: string; readonly tuning: Tuning };
    readonly result: Scheme;
  };
};

export interface OpenedTable {
  readonly calibration: Omit<Calibration, 'run'>;
  /** Of the model that it was made with; null where the table does not say. */
  readonly fingerprint: string | null;
}
