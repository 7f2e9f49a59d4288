import { createHash } from 'node:crypto';
import type { MethodName } from '../../mmdit/attention/method.ts';
import type { Granularity } from '../solver/granularity.ts';

/** What one search of an ablation runs at, beside what all of them share. */
export interface AblationSearch {
  readonly delta: number;
  /** c; null for no bound on a single head. */
  readonly headConstraint: number | null;
  readonly granularity: Granularity;
  /** Of DiTFastAttn's greedy search, where δ is 0 and c null; null for the progressive search. */
  readonly threshold: number | null;
  /** Methods offered beside `full`. */
  readonly candidates: readonly MethodName[];
}

/** Equal for searches that are the same one. */
export function searchKey({ delta, headConstraint, granularity, threshold, candidates }: AblationSearch): string {
  return JSON.stringify([delta, headConstraint, granularity, threshold, candidates]);
}

const SLUG_LENGTH = 100;

/** A folder name that says what was searched: `arrow-8+cached_delta-0.2_c-1.5`. Two searches never share one. */
export function searchSlug(search: AblationSearch): string {
  const { delta, headConstraint, granularity, threshold, candidates } = search;
  const methods = candidates.map((name) => name.replaceAll('/', '-')).join('+');
  const bounds = `delta-${delta}_c-${headConstraint ?? 'none'}${granularity === 'layer' ? '_by-layer' : ''}`;
  const slug = `${methods}_${threshold === null ? bounds : `ditfastattn-${threshold}`}`;
  if (slug.length <= SLUG_LENGTH) return slug;
  return `${slug.slice(0, SLUG_LENGTH)}-${createHash('sha256').update(searchKey(search)).digest('hex').slice(0, 8)}`;
}
