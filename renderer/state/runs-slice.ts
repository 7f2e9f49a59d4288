import { newestFirst } from '../../electron/contract/run-order.ts';
import type { Reply, RunChange, RunDetails, RunSummary } from '../../electron/contract.ts';
import { notifyError } from '../design/notify.ts';
import type { AppState, Slice } from './app-state.ts';

export interface RunsSlice {
  /** Newest first. */
  readonly runs: readonly RunSummary[];
  readonly unreadableRuns: Reply<'runs.list'>['unreadable'];
  readonly runsLoaded: boolean;
  /** The run whose pictures the views show; the table being tuned may be another's (`calibration`). */
  readonly openRun: RunDetails | null;
  loadRuns(): Promise<void>;
  /**
   * Opens a run in all views, with its table where it has one. Pictures without a table leave the open table open:
   * who tunes goes on tuning.
   */
  showRun(run: string): Promise<void>;
  closeRun(): void;
  /** A run came, went or changed on the host. */
  runChanged(change: RunChange): Promise<void>;
}

export const runsSlice: Slice<RunsSlice> = (workbench) => (set, get) => {
  /** Of the newest wish to open something: slower answers of older wishes are dropped. */
  let wish = 0;
  const loadOpenRun = async (run: string) => {
    const mine = ++wish;
    const details = await workbench.request('runs.open', { run });
    if (mine === wish) set({ openRun: details });
    return mine === wish ? details : null;
  };
  return {
    runs: [],
    unreadableRuns: [],
    runsLoaded: false,
    openRun: null,
    async loadRuns() {
      const { runs, unreadable } = await workbench.request('runs.list', {});
      set({ runs: keepUnchanged(get().runs, runs), unreadableRuns: unreadable, runsLoaded: true });
    },
    async showRun(run) {
      try {
        const details = await loadOpenRun(run);
        if (details === null) return;
        get().changeSettings({ openRun: run });
        const table = tableFor(details.summary, get());
        if (table !== null && get().calibration?.run !== table) await get().openCalibration(table);
      } catch (error) {
        notifyError('The run could not be opened', error);
      }
    },
    closeRun() {
      wish += 1;
      set({ openRun: null });
      get().changeSettings({ openRun: null });
    },
    async runChanged(change) {
      set(withChange(get(), change));
      try {
        if (change.summary === null && get().calibration?.run === change.run) get().closeCalibration();
        if (get().openRun?.summary.id !== change.run) return;
        if (change.summary === null) get().closeRun();
        else await get().showRun(change.run);
      } catch (error) {
        notifyError('The library could not be read', error);
      }
    },
  };
};

/** Runs that did not change stay the same objects, so that what shows them need not be drawn again. */
function keepUnchanged(before: readonly RunSummary[], now: readonly RunSummary[]): RunSummary[] {
  const known = new Map(before.map((run) => [run.id, run]));
  return now.map((run) => {
    const old = known.get(run.id);
    return old !== undefined && JSON.stringify(old) === JSON.stringify(run) ? old : run;
  });
}

type Runs = Pick<RunsSlice, 'runs' | 'unreadableRuns'>;

function withChange({ runs, unreadableRuns }: Runs, { run, summary, reason }: RunChange): Runs {
  const others = runs.filter(({ id }) => id !== run);
  const unreadable = unreadableRuns.filter(({ id }) => id !== run);
  return {
    runs: summary === null ? others : keepUnchanged(runs, [...others, summary].sort(newestFirst)),
    unreadableRuns: reason === null ? unreadable : [...unreadable, { id: run, reason }],
  };
}

/** The run whose table to open with a run: its own, else, with none open yet, that of the run it was made from. */
function tableFor(run: RunSummary, { runs, calibration }: Pick<AppState, 'runs' | 'calibration'>): string | null {
  if (run.hasTable) return run.id;
  const parent = runs.find(({ id }) => id === run.parent);
  return calibration === null && parent?.hasTable ? parent.id : null;
}
