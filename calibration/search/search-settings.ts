import type { MethodName } from '../../mmdit/attention/method.ts';
import type { PlanBounds } from '../solver/solve-plan.ts';

/** `flops`: counted from the block mask; `measured`: timed on the device; `file`: the user's own savings. */
export type CostSource = 'flops' | 'measured' | 'file';

/** What a search was asked for, as tables and schemes record it. */
export interface SearchSettings extends PlanBounds {
  /** Absent: the progressive search. DiTFastAttn's has a threshold in the place of δ and c, which are 0 and null. */
  readonly algorithm?: 'ditfastattn';
  readonly threshold?: number;
  /** Methods offered beside `full`. */
  readonly candidates: readonly MethodName[];
  /** Every prompt was run with every seed. */
  readonly prompts: readonly string[];
  readonly seeds: readonly number[];
  readonly cost: CostSource;
  /** The device's own name. */
  readonly device: string;
  /** What no picture was to show; absent where the model took none. */
  readonly negativePrompt?: string;
}
