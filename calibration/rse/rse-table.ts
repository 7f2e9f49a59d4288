import type { MethodName } from '../../mmdit/attention/method.ts';
import type { BlockSize, TokenLayout } from '../../mmdit/attention/token-layout.ts';
import type { ModelIdentity, SamplingDescription } from '../../mmdit/pipeline/pipeline.ts';
import type { SearchSettings } from '../search/search-settings.ts';

/** Everything that a progressive search measured: enough to re-solve it for another δ, c or saving. */
export interface RseTable {
  /** In the order of the tensor's third axis; `full` first, with RSE 0. */
  readonly methods: readonly MethodName[];
  /** Attention modules as diffusers names them. */
  readonly layers: readonly string[];
  readonly steps: number;
  readonly heads: number;
  /** `[steps, layers, methods, heads]`; NaN or Infinity where a method is not possible (`cached` at step 0). */
  readonly rse: Float32Array;
  /** null in tables of other programs that do not say. */
  readonly model: ModelIdentity | null;
  readonly sampling: TableSampling | null;
  readonly search: SearchSettings | null;
}

/** How the table's pictures were made, with what counting FLOPs needs. */
export interface TableSampling extends Omit<SamplingDescription, 'layouts'> {
  readonly block: BlockSize;
  readonly headDim: number;
  /** One per layer. */
  readonly layouts: readonly TokenLayout[];
}
