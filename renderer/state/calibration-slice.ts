import type { Calibration, Solved, SolveSettings } from '../../electron/contract.ts';
import type { Slice } from './app-state.ts';
import { newestWins } from './newest-wins.ts';
import { initialTuning, type Tuning } from './tuning.ts';

/** Steps that undo takes back. */
const HISTORY_LENGTH = 200;

export interface CalibrationSlice {
  /** The open run's table; null while none is open. */
  readonly calibration: Calibration | null;
  readonly tuning: Tuning | null;
  readonly undoStack: readonly Tuning[];
  readonly redoStack: readonly Tuning[];
  /** The newest answer; belongs to `calibration`, and to `tuning` as soon as `solving` is false. */
  readonly solved: Solved | null;
  readonly solving: boolean;
  readonly solveError: unknown;
  /** Rejects where the host cannot open the run's table. */
  openCalibration(run: string): Promise<void>;
  closeCalibration(): void;
  /**
   * Changes what the sliders say and solves again. Changes of one gesture (a drag) share a `gesture` and are undone
   * together, until `endGesture`.
   */
  tune(changes: Partial<Tuning>, gesture?: string): void;
  endGesture(): void;
  undo(): void;
  redo(): void;
  /** Back to what the search ran at. Can be undone. */
  resetTuning(): void;
  /** For jobs and schemes that start from what the sliders say. */
  solveSettings(): SolveSettings | null;
}

export const calibrationSlice: Slice<CalibrationSlice> = (workbench) => (set, get) => {
  let gesture: string | undefined;
  /** Of the newest wish to open a table: slower answers of older wishes are dropped. */
  let wish = 0;

  const solve = newestWins(async () => {
    const settings = get().solveSettings();
    if (settings === null) return set({ solving: false });
    try {
      const solved = await workbench.request('calibration.solve', settings);
      if (get().calibration?.run === settings.run) set({ solved, solveError: null });
    } catch (error) {
      if (get().calibration?.run === settings.run) set({ solveError: error });
    } finally {
      if (!solve.isWaiting()) set({ solving: false });
    }
  });
  const change = (tuning: Tuning, history: Pick<CalibrationSlice, 'undoStack' | 'redoStack'>) => {
    set({ tuning, solving: true, ...history });
    solve.run();
  };

  return {
    calibration: null,
    tuning: null,
    undoStack: [],
    redoStack: [],
    solved: null,
    solving: false,
    solveError: null,
    async openCalibration(run) {
      const mine = ++wish;
      const calibration = await workbench.request('calibration.open', { run });
      if (mine !== wish) return;
      gesture = undefined;
      set({ calibration, solved: null, solveError: null });
      get().clampSelection();
      change(initialTuning(calibration, get().settings), { undoStack: [], redoStack: [] });
    },
    closeCalibration() {
      wish += 1;
      set({ calibration: null, tuning: null, solved: null, solveError: null, undoStack: [], redoStack: [] });
    },
    tune(changes, newGesture) {
      const { tuning, undoStack } = get();
      if (tuning === null) return;
      const continued = newGesture !== undefined && newGesture === gesture;
      gesture = newGesture;
      const history = continued ? undoStack : [...undoStack, tuning].slice(-HISTORY_LENGTH);
      change({ ...tuning, ...changes }, { undoStack: history, redoStack: [] });
    },
    endGesture() {
      gesture = undefined;
    },
    undo() {
      const { tuning, undoStack, redoStack } = get();
      const before = undoStack.at(-1);
      if (tuning === null || before === undefined) return;
      gesture = undefined;
      change(before, { undoStack: undoStack.slice(0, -1), redoStack: [...redoStack, tuning] });
    },
    redo() {
      const { tuning, undoStack, redoStack } = get();
      const after = redoStack.at(-1);
      if (tuning === null || after === undefined) return;
      gesture = undefined;
      change(after, { undoStack: [...undoStack, tuning], redoStack: redoStack.slice(0, -1) });
    },
    resetTuning() {
      const { calibration, settings } = get();
      if (calibration !== null) get().tune(initialTuning(calibration, settings));
    },
    solveSettings() {
      const { calibration, tuning } = get();
      if (calibration === null || tuning === null) return null;
      const { candidates, pins, ...rest } = tuning;
      return { run: calibration.run, ...rest, candidates: [...candidates], pins: [...pins] };
    },
  };
};
