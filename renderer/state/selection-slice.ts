import type { Slice } from './app-state.ts';

/** Zero-based, as in tables and schemes. */
export interface Selection {
  readonly step: number;
  readonly layer: number;
  readonly head: number;
}

export interface SelectionSlice {
  /** What all views show. */
  readonly selection: Selection;
  /** Kept within the open calibration. */
  select(changes: Partial<Selection>): void;
  clampSelection(): void;
}

export const selectionSlice: Slice<SelectionSlice> = () => (set, get) => ({
  // Step 0 is always full attention; the first step with something to see is the second.
  selection: { step: 1, layer: 0, head: 0 },
  select(changes) {
    const { calibration } = get();
    const wanted = { ...get().selection, ...changes };
    if (calibration === null) return set({ selection: wanted });
    const clamp = (value: number, count: number) => Math.min(Math.max(0, value), count - 1);
    const step = clamp(wanted.step, calibration.steps);
    const layer = clamp(wanted.layer, calibration.layers.length);
    const head = clamp(wanted.head, calibration.heads);
    const { selection } = get();
    if (step !== selection.step || layer !== selection.layer || head !== selection.head)
      set({ selection: { step, layer, head } });
  },
  clampSelection: () => get().select({}),
});
