import { formatMethod, type MethodName, parseMethod } from '../../mmdit/attention/method.ts';
import { greedyCandidates } from '../search/ditfastattn/greedy-candidates.ts';
import { type AblationSearch, searchKey } from './ablation-search.ts';

/** `methods`: what each kind of method adds. `constraint`: c. `budget`: δ. `algorithm`: by head, by layer, DiTFastAttn. */
export type AblationTableId = 'methods' | 'constraint' | 'budget' | 'algorithm';

export const ABLATION_TABLES: readonly AblationTableId[] = ['methods', 'constraint', 'budget', 'algorithm'];

export interface AblationAxes {
  /** Where a table does not vary something, it is as here. */
  readonly base: AblationSearch;
  readonly deltas: readonly number[];
  readonly headConstraints: readonly (number | null)[];
  /** Of DiTFastAttn's search. */
  readonly thresholds: readonly number[];
  readonly tables: readonly AblationTableId[];
  /** Why attention cannot be shared between the halves of classifier-free guidance; null where it can. */
  readonly unguided: string | null;
}

export interface AblationRow {
  readonly label: string;
  /** Position among the searches; null where it cannot run. */
  readonly search: number | null;
  /** Why it cannot run; null where it can. */
  readonly reason: string | null;
}

export interface AblationTable {
  readonly id: AblationTableId;
  readonly title: string;
  /** What the labels of its rows say. */
  readonly varies: string;
  readonly rows: readonly AblationRow[];
}

export interface AblationPlan {
  readonly tables: readonly AblationTable[];
  /** Each once, however many tables show it; in the order in which they are to run. */
  readonly searches: readonly AblationSearch[];
}

/** What a row asks for, or why it cannot be had. */
interface Wish {
  readonly label: string;
  readonly search: AblationSearch | string;
}

export function planAblation(axes: AblationAxes): AblationPlan {
  const searches: AblationSearch[] = [];
  const known = new Map<string, number>();
  const place = (search: AblationSearch): number => {
    const key = searchKey(search);
    const at = known.get(key) ?? searches.push(search) - 1;
    known.set(key, at);
    return at;
  };
  const tables = ABLATION_TABLES.filter((id) => axes.tables.includes(id)).map((id) => ({
    id,
    ...TABLES[id],
    rows: wishesOf(id, axes).map(({ label, search }) =>
      typeof search === 'string'
        ? { label, search: null, reason: search }
        : { label, search: place(search), reason: null },
    ),
  }));
  return { tables, searches };
}

const TABLES: Record<AblationTableId, Pick<AblationTable, 'title' | 'varies'>> = {
  methods: { title: 'Methods', varies: 'methods offered' },
  constraint: { title: 'Head constraint', varies: 'c' },
  budget: { title: 'Error budget', varies: 'δ' },
  algorithm: { title: 'Algorithm', varies: 'search' },
};

function wishesOf(id: AblationTableId, axes: AblationAxes): readonly Wish[] {
  const { base, deltas, headConstraints } = axes;
  switch (id) {
    case 'methods':
      return methodSets(axes).map(({ label, candidates }) => ({
        label,
        search: typeof candidates === 'string' ? candidates : { ...base, candidates },
      }));
    case 'constraint':
      return headConstraints.map((headConstraint) => ({
        label: String(headConstraint ?? 'none'),
        search: { ...base, headConstraint },
      }));
    case 'budget':
      return deltas.map((delta) => ({ label: String(delta), search: { ...base, delta } }));
    case 'algorithm': {
      const [fraction = null] = fractionsOf(base.candidates);
      const candidates = greedyCandidates(fraction, axes.unguided === null).map(formatMethod);
      const greedy = { delta: 0, headConstraint: null, granularity: 'layer', candidates } as const;
      return [
        { label: 'head by head', search: { ...base, granularity: 'head' } },
        { label: 'layer by layer', search: { ...base, granularity: 'layer' } },
        ...axes.thresholds.map((threshold) => ({
          label: `DiTFastAttn ${threshold}`,
          search: { ...greedy, threshold },
        })),
      ];
    }
  }
}

interface MethodSet {
  readonly label: string;
  /** Or why there are none. */
  readonly candidates: readonly MethodName[] | string;
}

/** Of the windows among the candidates, each once. */
function fractionsOf(candidates: readonly MethodName[]): readonly number[] {
  const windows = candidates.map(parseMethod).flatMap((method) => (method.kind === 'arrow' ? [method.fraction] : []));
  return [...new Set(windows)];
}

/** The kinds of methods alone and together, of the windows that are among the candidates (the paper's ablation of methods). */
function methodSets({ base, unguided }: AblationAxes): readonly MethodSet[] {
  const fractions = fractionsOf(base.candidates);
  const under = (changes: object): readonly MethodName[] =>
    fractions.map((fraction) => formatMethod({ kind: 'arrow', fraction, ...changes }));
  const [arrows, residuals] = [under({}), under({ residual: true })];
  const shared = [CFG, ...under({ sharesGuidance: true })];
  const sharedResiduals = under({ sharesGuidance: true, residual: true });
  const windowed = (...methods: readonly MethodName[]) => (arrows.length > 0 ? methods : NO_ARROW);
  const guided = (...methods: readonly MethodName[]) => unguided ?? windowed(...methods);
  return [
    { label: 'arrow', candidates: windowed(...arrows) },
    { label: 'cached', candidates: ['cached'] },
    { label: 'arrow + cached', candidates: windowed(...arrows, 'cached') },
    { label: '+ residual sharing', candidates: windowed(...arrows, ...residuals, 'cached') },
    { label: '+ CFG sharing', candidates: guided(...arrows, ...shared, 'cached') },
    {
      label: '+ residual and CFG sharing',
      candidates: guided(...arrows, ...residuals, ...shared, ...sharedResiduals, 'cached'),
    },
  ];
}

const CFG = formatMethod({ kind: 'full', sharesGuidance: true });
const NO_ARROW = 'no arrow is among the candidates';
