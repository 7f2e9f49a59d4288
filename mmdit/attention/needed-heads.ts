import type { NeededHeads } from '../device/device.ts';
import { type HeadMethod, sharesGuidance } from './method.ts';

/**
 * Heads whose q, k and v a layer's methods read: cached ones keep their output and need none, those that share guidance
 * are computed in the second half of the batch alone. null: all are read.
 */
export function neededHeads(methods: readonly HeadMethod[]): NeededHeads | null {
  if (!methods.some((method) => method.kind === 'cached' || sharesGuidance(method))) return null;
  return (head, sample, batch) => {
    const method = methods[head]!;
    return method.kind !== 'cached' && (!sharesGuidance(method) || sample >= batch / 2);
  };
}
