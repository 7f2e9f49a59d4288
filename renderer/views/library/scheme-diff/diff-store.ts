import { createStore, type StoreApi } from 'zustand/vanilla';
import type { PlanSource, SchemeDiff, Workbench } from '../../../../electron/contract.ts';
import { describeError } from '../../../design/notify.ts';
import type { AppStore } from '../../../state/app-state.ts';

/** One side: a scheme of a run (null: the run's first), what the sliders say, or nothing yet. */
export type SchemeChoice =
  | { readonly kind: 'scheme'; readonly run: string; readonly scheme: string | null }
  | { readonly kind: 'sliders' }
  | null;

export interface DiffStore {
  readonly diff: SchemeDiff | null;
  readonly problem: string | null;
  readonly loading: boolean;
  compare(a: SchemeChoice, b: SchemeChoice): Promise<void>;
}

export function createDiffStore(workbench: Workbench, app: AppStore): StoreApi<DiffStore> {
  /** Of the newest comparison: slower answers of older ones are dropped. */
  let wish = 0;

  const sourceOf = async (choice: NonNullable<SchemeChoice>): Promise<PlanSource> => {
    if (choice.kind === 'scheme')
      return { kind: 'scheme', run: choice.run, scheme: choice.scheme ?? (await firstOf(choice.run)) };
    const settings = app.getState().solveSettings();
    if (settings === null) throw new Error('No calibration is open. Open one in the library, or choose a scheme.');
    return { kind: 'solve', ...settings };
  };
  const firstOf = async (run: string): Promise<string> => {
    const { schemes, summary } = await workbench.request('runs.open', { run });
    const [first] = schemes;
    if (first === undefined) throw new Error(`${summary.name} holds no scheme. Choose another run.`);
    return first.file;
  };
  return createStore<DiffStore>()((set) => ({
    diff: null,
    problem: null,
    loading: false,
    async compare(a, b) {
      const mine = ++wish;
      if (a === null || b === null) return set({ diff: null, problem: null, loading: false });
      set({ loading: true });
      try {
        const [sourceA, sourceB] = await Promise.all([sourceOf(a), sourceOf(b)]);
        const diff = await workbench.request('schemes.diff', { a: sourceA, b: sourceB });
        if (mine === wish) set({ diff, problem: null, loading: false });
      } catch (error) {
        const { message, hint } = describeError(error);
        if (mine === wish) set({ diff: null, problem: hint ? `${message} ${hint}` : message, loading: false });
      }
    },
  }));
}
