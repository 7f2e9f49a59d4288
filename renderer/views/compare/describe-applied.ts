import type { AppliedMethods } from '../../../electron/contract.ts';
import { methodLabel } from '../../../electron/contract/methods.ts';

/** "Heads that ran: 120 full, 40 cached. All as the scheme says." */
export function describeApplied({ methods, heads, mismatches, firstMismatch }: AppliedMethods): string {
  const ran = methods.map((method, index) => `${heads[index]} ${methodLabel(method)}`).join(', ');
  const verdict =
    mismatches === 0 ? 'All as the scheme says.' : `${mismatches} not as the scheme says; the first: ${firstMismatch}.`;
  return `Heads that ran: ${ran}. ${verdict}`;
}
