import type { RunSummary } from '../contract.ts';

/** The order of runs in the list: newest first. */
export function newestFirst(a: RunSummary, b: RunSummary): number {
  return b.created.localeCompare(a.created) || b.id.localeCompare(a.id);
}
