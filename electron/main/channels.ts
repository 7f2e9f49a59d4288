/** Names of the messages between main process and preload script; `preload.cts` repeats them, for it can import nothing. */
export const CHANNELS = {
  /** Window → host: (name, params) → { reply } | { error }. */
  request: 'workbench:request',
  /** Host → window: WorkbenchEvent. */
  event: 'workbench:event',
  /** Menu → window: MenuCommand. */
  command: 'menu:command',
  /** Window → system: asks the user for a folder. */
  chooseFolder: 'dialog:choose-folder',
} as const;

/** What the menu, or a file that the app is opened with, asks of the window. */
export type MenuCommand =
  | 'undo'
  | 'redo'
  | 'library'
  | 'shortcuts'
  | `view:${'heatmaps' | 'attention' | 'compare' | 'sweep'}`
  /** Opens a run in all views. */
  | `run:${string}`
  | `theme:${'system' | 'light' | 'dark'}`;
