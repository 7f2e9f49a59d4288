import type { Slice } from './app-state.ts';

export const VIEWS = ['heatmaps', 'attention', 'compare', 'sweep'] as const;
export type View = (typeof VIEWS)[number];

/** What the host's settings may hold for the window's layout. */
export type LayoutValue = number | boolean | string | number[];

export interface ViewSlice {
  readonly view: View;
  /** Dialogs that anything may open. */
  readonly dialog: 'shortcuts' | null;
  showView(view: View): void;
  showDialog(dialog: ViewSlice['dialog']): void;
  /** Remembers a size, a mode, a choice of a view. Keys are "place.what". */
  setLayout(key: string, value: LayoutValue): void;
  /** What was remembered, where it is of the same kind as `fallback`. */
  layout<T extends LayoutValue>(key: string, fallback: T): T;
}

export const viewSlice: Slice<ViewSlice> = () => (set, get) => ({
  view: 'heatmaps',
  dialog: null,
  showView: (view) => set({ view }),
  showDialog: (dialog) => set({ dialog }),
  setLayout(key, value) {
    const { settings, changeSettings } = get();
    if (settings !== null) changeSettings({ layout: { ...settings.layout, [key]: value } });
  },
  layout<T extends LayoutValue>(key: string, fallback: T): T {
    const value = get().settings?.layout[key];
    return typeof value === typeof fallback && Array.isArray(value) === Array.isArray(fallback)
      ? (value as T)
      : fallback;
  },
});
