import type { HeadMethod } from './method.ts';
import type { BlockSize, TokenLayout } from './token-layout.ts';

/** One attention call as the device was given it: what ran, whatever was asked for. */
export interface AppliedCall {
  readonly step: number;
  /** Index into the model's layers. */
  readonly layer: number;
  readonly layout: TokenLayout;
  readonly block: BlockSize;
  /** One per head. */
  readonly methods: readonly HeadMethod[];
}
