import type { MethodName } from '../../mmdit/attention/method.ts';

/** `flops`: counted from the block mask; `measured`: timed on the device; `file`: the user's own savings. */
export type CostSource = 'flops' | 'measured' | 'file';

/** What a search was asked for, as tables and schemes record it. */
export interface SearchSettings {
  /** Bound on the summed RSE of a layer's heads at a step. */
  readonly delta: number;
  /** c: no head may use more than c·δ/heads; null for no such bound. */
  readonly headConstraint: number | null;
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
