import { create } from 'zustand';
import { MAX_PANES, type Pane, paneKey } from './pane.ts';
import { FIT, type Viewport } from './viewport.ts';

export const COMPARE_MODES = ['side', 'wipe', 'blink', 'difference'] as const;
export type CompareMode = (typeof COMPARE_MODES)[number];

interface CompareState {
  /** Position among the open run's pictures. */
  readonly picture: number;
  /** Pictures of other runs, beside those of the open one. */
  readonly extra: readonly Pane[];
  /** Which pane stands against the reference where only two are seen: its position from 1. */
  readonly against: number;
  readonly viewport: Viewport;
  /** Part of the width that shows the reference. */
  readonly wipe: number;
  readonly gain: number;
  showPicture(picture: number): void;
  addPane(pane: Pane): void;
  removePane(key: string): void;
  setAgainst(against: number): void;
  setViewport(viewport: Viewport): void;
  setWipe(wipe: number): void;
  setGain(gain: number): void;
}

/** What the Compare view shows. Outlives the view, so that who comes back finds it as it was. */
export const useCompare = create<CompareState>()((set) => ({
  picture: 0,
  extra: [],
  against: 1,
  viewport: FIT,
  wipe: 0.5,
  gain: 8,
  showPicture: (picture) => set({ picture }),
  addPane: (pane) =>
    set(({ extra }) => ({
      extra: [...extra.filter((other) => paneKey(other) !== paneKey(pane)), pane].slice(-(MAX_PANES - 1)),
    })),
  removePane: (key) => set(({ extra }) => ({ extra: extra.filter((pane) => paneKey(pane) !== key), against: 1 })),
  setAgainst: (against) => set({ against }),
  setViewport: (viewport) => set({ viewport }),
  setWipe: (wipe) => set({ wipe: Math.min(1, Math.max(0, wipe)) }),
  setGain: (gain) => set({ gain }),
}));
