import type { Reply, RunDetails, RunSummary } from '../../electron/contract.ts';
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
  /** One run changed on the host; null: several. */
  runsChanged(run: string | null): Promise<void>;
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
    async runsChanged(run) {
      try {
        await get().loadRuns();
        const table = get().calibration?.run;
        if (table !== undefined && !get().runs.some(({ id }) => id === table)) get().closeCalibration();
        const open = get().openRun?.summary.id;
        if (open === undefined || (run !== null && run !== open)) return;
        if (get().runs.some(({ id }) => id === open)) await get().showRun(open);
        else get().closeRun();
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
    return old !== undefined && sameRun(old, run) ? old : run;
  });
}

function sameRun({ thumbnail: a, ...before }: RunSummary, { thumbnail: b, ...now }: RunSummary): boolean {
  const samePicture = a?.length === b?.length && (a === null || b === null || a.every((byte, i) => byte === b[i]));
  return samePicture && JSON.stringify(before) === JSON.stringify(now);
}

/** The run whose table to open with a run: its own, else, with none open yet, that of the run it was made from. */
function tableFor(run: RunSummary, { runs, calibration }: Pick<AppState, 'runs' | 'calibration'>): string | null {
  if (run.hasTable) return run.id;
  const parent = runs.find(({ id }) => id === run.parent);
  return calibration === null && parent?.hasTable ? parent.id : null;
}
