import { type Granularity, greedyCandidates, type RunManifest } from '../../calibration/index.ts';
import {
  formatMethod,
  type HeadMethod,
  type Pipeline,
  parseMethod,
  type Sampling,
  sharesGuidance,
} from '../../mmdit/index.ts';
import type { SamplingWish } from './sampling-wish.ts';

/** What the user asked of a search; absent fields have defaults, or are those of the run that is resumed. */
export interface SearchWish {
  readonly prompts?: readonly string[] | undefined;
  readonly seeds?: readonly number[] | undefined;
  /** Of all prompts, for models with classifier-free guidance. */
  readonly negativePrompt?: string | undefined;
  readonly sampling: SamplingWish;
  readonly delta?: number | undefined;
  /** null: no bound on a single head. */
  readonly headConstraint?: number | null | undefined;
  /** Whether each head or each layer has a method of its own. */
  readonly granularity?: Granularity | undefined;
  /** DiTFastAttn's greedy search by this threshold, in the place of δ and c. */
  readonly threshold?: number | undefined;
  readonly candidates?: readonly HeadMethod[] | undefined;
  readonly cost?: 'flops' | 'measured' | undefined;
}

/** A search with nothing left open but the model's own sampling. */
export interface CompleteSearch {
  readonly prompts: readonly string[];
  readonly seeds: readonly number[];
  /** Empty for none. */
  readonly negativePrompt: string;
  readonly sampling: SamplingWish;
  readonly delta: number;
  readonly headConstraint: number | null;
  readonly granularity: Granularity;
  readonly threshold: number | undefined;
  readonly candidates: readonly HeadMethod[];
  readonly cost: 'flops' | 'measured';
}

export const SEARCH_DEFAULTS = {
  seeds: [0],
  delta: 0.2,
  headConstraint: 1.5,
  granularity: 'head',
  candidates: ['arrow/8', 'arrow/16', 'arrow/32', 'cached'].map(parseMethod),
  cost: 'flops',
} as const;

/** Window of DiTFastAttn's search: 1/8 of the image. */
const GREEDY_FRACTION = 8;

/** There is neither a run to go on with nor what a new one needs. */
export class NothingToResumeError extends Error {
  override readonly name = 'NothingToResumeError';

  constructor(folder: string, what = 'calibration') {
    super(`${folder} holds no ${what} to resume. Check the path, or start one there without --resume`);
  }
}

/** What to do about a run whose model or device is another than the one at hand. */
export const ELSEWHERE = 'Give the --model and --device that it began with';

/** A run was to be resumed under other settings than it began with: names each of them. */
export class ResumeMismatchError extends Error {
  override readonly name = 'ResumeMismatchError';

  constructor(folder: string, differences: readonly string[], advice = 'Leave them out to go on with its own') {
    super(
      `The run in ${folder} has other settings: ${differences.join('; ')}. ` +
        `${advice}, give --force instead of --resume to start over, or choose another folder`,
    );
  }
}

/** Throws NothingToResumeError where there are no prompts. */
export function completeSearch(wish: SearchWish, folder: string): CompleteSearch {
  const { prompts, sampling } = wish;
  if (prompts === undefined || prompts.length === 0) throw new NothingToResumeError(folder);
  return {
    prompts,
    sampling,
    seeds: wish.seeds ?? SEARCH_DEFAULTS.seeds,
    negativePrompt: wish.negativePrompt ?? '',
    delta: wish.delta ?? SEARCH_DEFAULTS.delta,
    headConstraint: wish.headConstraint === undefined ? SEARCH_DEFAULTS.headConstraint : wish.headConstraint,
    granularity: wish.granularity ?? SEARCH_DEFAULTS.granularity,
    threshold: wish.threshold,
    candidates:
      wish.candidates ??
      (wish.threshold === undefined ? SEARCH_DEFAULTS.candidates : greedyCandidates(GREEDY_FRACTION, true)),
    cost: wish.cost ?? SEARCH_DEFAULTS.cost,
  };
}

/** The search that a run began with. Throws ResumeMismatchError where the wish says otherwise anywhere. */
export function resumeSearch(wish: SearchWish, { search, sampling }: RunManifest, folder: string): CompleteSearch {
  if (!search || !sampling || search.cost === 'file') throw new NothingToResumeError(folder);
  const { steps, guidance, width, height } = sampling;
  const differences = [
    difference('prompts', search.prompts, wish.prompts),
    difference('seeds', search.seeds, wish.seeds),
    difference('negative prompt', search.negativePrompt ?? '', wish.negativePrompt),
    difference('steps', steps, wish.sampling.steps),
    difference('guidance', guidance, wish.sampling.guidance),
    difference('width', width, wish.sampling.width),
    difference('height', height, wish.sampling.height),
    difference('delta', search.delta, wish.delta),
    difference(
      'head constraint',
      search.headConstraint ?? 'none',
      wish.headConstraint === null ? 'none' : wish.headConstraint,
    ),
    difference('granularity', search.granularity ?? 'head', wish.granularity),
    difference('threshold', search.threshold ?? 'none', wish.threshold),
    difference('candidates', search.candidates, wish.candidates?.map(formatMethod)),
    difference('cost', search.cost, wish.cost),
  ].filter((found) => found !== null);
  if (differences.length > 0) throw new ResumeMismatchError(folder, differences);
  return {
    prompts: search.prompts,
    seeds: search.seeds,
    negativePrompt: search.negativePrompt ?? '',
    sampling: { steps, guidance, width, height },
    delta: search.delta,
    headConstraint: search.headConstraint,
    granularity: search.granularity ?? 'head',
    threshold: search.threshold,
    candidates: search.candidates.map(parseMethod),
    cost: search.cost,
  };
}

/** A search whose candidates are the defaults, without those that this model cannot run. */
export function suited(
  search: CompleteSearch,
  wish: SearchWish,
  pipeline: Pipeline,
  sampling: Sampling,
): CompleteSearch {
  if (wish.candidates !== undefined || pipeline.usesNegativePrompts(sampling)) return search;
  return { ...search, candidates: search.candidates.filter((method) => !sharesGuidance(method)) };
}

function difference(field: string, was: unknown, now: unknown): string | null {
  if (now === undefined || JSON.stringify(was) === JSON.stringify(now)) return null;
  return `${field} was ${plain(was)}, now ${plain(now)}`;
}

function plain(value: unknown): string {
  return Array.isArray(value)
    ? value.map((item) => (typeof item === 'string' ? `"${item}"` : item)).join(', ')
    : String(value);
}
