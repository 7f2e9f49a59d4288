import {
  ABLATION_TABLES,
  type AblationFile,
  type AblationSettings,
  type AblationTableId,
} from '../../../calibration/index.ts';
import { formatMethod, type SamplingDescription } from '../../../mmdit/index.ts';
import { readDemoPrompts } from '../demo-prompts.ts';
import type { ModelWish } from '../open-model.ts';
import type { RunFolderMode } from '../run-folder.ts';
import { ELSEWHERE, ResumeMismatchError, SEARCH_DEFAULTS, type SearchWish } from '../search-wish.ts';

/** More of them make schemes hold for more pictures, and the ablation longer. */
const CALIBRATION_PROMPTS = 2;
/** Pictures to judge by, of prompts that calibration does not see. */
const PICTURES = 2;
/** As the paper has them. */
const HEAD_CONSTRAINTS = [null, 1, 1.5, 2];
const DELTAS = [0.2, 0.4, 0.6, 0.8, 1];
/** A search of this kind takes a forward pass for every layer and candidate: one is enough unless asked for. */
const THRESHOLDS = [0.2];

/** What the user asked of an ablation; absent fields have defaults, or are those of the one that is resumed. */
export interface AblationWish extends Omit<SearchWish, 'threshold'>, ModelWish {
  /** Prompts to judge by. */
  readonly evaluation?: readonly string[] | undefined;
  readonly evaluationSeed?: number | undefined;
  readonly deltas?: readonly number[] | undefined;
  readonly headConstraints?: readonly (number | null)[] | undefined;
  /** Of DiTFastAttn's search, to compare with. */
  readonly thresholds?: readonly number[] | undefined;
  readonly tables?: readonly AblationTableId[] | undefined;
  /** `runs/<time>-ablation` where absent. */
  readonly folder?: string | undefined;
  readonly mode: RunFolderMode;
  /** Ends with the forecast, and writes nothing. */
  readonly dryRun?: boolean | undefined;
}

/** The settings of a new ablation, but for what the model says. */
export async function completeAblation(wish: AblationWish): Promise<Omit<AblationSettings, 'unguided'>> {
  const shipped = await readDemoPrompts();
  const judged = wish.evaluation ?? [...new Set([shipped.default, ...shipped.evaluation])].slice(0, PICTURES);
  const negativePrompt = wish.negativePrompt ?? '';
  const candidates = wish.candidates ?? SEARCH_DEFAULTS.candidates;
  return {
    base: {
      delta: wish.delta ?? SEARCH_DEFAULTS.delta,
      headConstraint: wish.headConstraint === undefined ? SEARCH_DEFAULTS.headConstraint : wish.headConstraint,
      granularity: wish.granularity ?? SEARCH_DEFAULTS.granularity,
      threshold: null,
      candidates: candidates.map(formatMethod),
    },
    deltas: [...(wish.deltas ?? DELTAS)],
    headConstraints: [...(wish.headConstraints ?? HEAD_CONSTRAINTS)],
    thresholds: [...(wish.thresholds ?? THRESHOLDS)],
    tables: [...(wish.tables ?? ABLATION_TABLES)],
    cost: wish.cost ?? SEARCH_DEFAULTS.cost,
    prompts: [...(wish.prompts ?? shipped.calibration.slice(0, CALIBRATION_PROMPTS))],
    seeds: [...(wish.seeds ?? SEARCH_DEFAULTS.seeds)],
    negativePrompt,
    evaluation: judged.map((prompt) => ({ prompt, seed: wish.evaluationSeed ?? 0, negativePrompt })),
  };
}

/** Throws ResumeMismatchError naming everything that the wish has otherwise than the ablation that it goes on with. */
export function requireSameWish(wish: AblationWish, folder: string, { settings, sampling }: AblationFile): void {
  const { base, evaluation } = settings;
  const pairs: readonly (readonly [field: string, was: unknown, now: unknown])[] = [
    ['delta', base.delta, wish.delta],
    ['head constraint', base.headConstraint, wish.headConstraint],
    ['granularity', base.granularity, wish.granularity],
    ['candidates', base.candidates, wish.candidates?.map(formatMethod)],
    ['deltas', settings.deltas, wish.deltas],
    ['head constraints', settings.headConstraints, wish.headConstraints],
    ['thresholds', settings.thresholds, wish.thresholds],
    ['tables', settings.tables, wish.tables],
    ['cost', settings.cost, wish.cost],
    ['prompts', settings.prompts, wish.prompts],
    ['seeds', settings.seeds, wish.seeds],
    ['negative prompt', settings.negativePrompt, wish.negativePrompt],
    ['evaluation prompts', evaluation.map(({ prompt }) => prompt), wish.evaluation],
    ['evaluation seed', evaluation[0]?.seed, wish.evaluationSeed],
    ['steps', sampling.steps, wish.sampling.steps],
    ['guidance', sampling.guidance, wish.sampling.guidance],
    ['width', sampling.width, wish.sampling.width],
    ['height', sampling.height, wish.sampling.height],
  ];
  requireSame(folder, pairs);
}

/** Throws ResumeMismatchError where model or device are others: rows would not compare. */
export function requireSamePlace(
  folder: string,
  { model, device, sampling }: AblationFile,
  now: Pick<AblationFile, 'model' | 'device'> & { readonly sampling: SamplingDescription },
): void {
  const named = ({ name, fingerprint }: AblationFile['model']): string => `${name} (${fingerprint})`;
  const isOtherModel = model.fingerprint !== now.model.fingerprint;
  const pairs = [
    ['model', named(model), isOtherModel ? named(now.model) : named(model)],
    ['device', device, now.device],
    ['scheduler', sampling.scheduler, now.sampling.scheduler],
    ['text tokens', sampling.textTokens, now.sampling.textTokens],
    ['token order', sampling.tokenOrder, now.sampling.tokenOrder],
  ] as const;
  requireSame(folder, pairs, ELSEWHERE);
}

function requireSame(folder: string, pairs: readonly (readonly [string, unknown, unknown])[], advice?: string): void {
  const differences = pairs
    .filter(([, was, now]) => now !== undefined && JSON.stringify(was) !== JSON.stringify(now))
    .map(([field, was, now]) => `${field} was ${JSON.stringify(was)}, now ${JSON.stringify(now)}`);
  if (differences.length > 0) throw new ResumeMismatchError(folder, differences, advice);
}
