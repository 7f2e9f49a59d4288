import { CACHED, type HeadMethod } from '../../../mmdit/attention/method.ts';

/**
 * What DiTFastAttn tries, in the order of its published code: output sharing across steps, its window with residual
 * sharing, first with CFG sharing too, then CFG sharing alone. One window, of 1/fraction of the image; none where null.
 */
export function greedyCandidates(fraction: number | null, isGuided: boolean): readonly HeadMethod[] {
  const window: readonly HeadMethod[] = fraction === null ? [] : [{ kind: 'arrow', fraction, residual: true }];
  if (!isGuided) return [CACHED, ...window];
  const shared = window.map((method) => ({ ...method, sharesGuidance: true }) as HeadMethod);
  return [CACHED, ...shared, ...window, { kind: 'full', sharesGuidance: true }];
}
