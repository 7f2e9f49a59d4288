import { useEffect } from 'react';
import { useAppStore } from '../state/app-context.tsx';
import type { AppState } from '../state/app-state.ts';
import { VIEWS } from '../state/view-slice.ts';

/** Does what Electron's native menu asks for; in a browser there is none. */
export function useMenuCommands(): void {
  const store = useAppStore();
  useEffect(() => window.arrowhead?.onCommand((command) => runCommand(command, store.getState())), [store]);
}

/** Commands as electron/main/channels.ts lists them; any other is left alone. */
export function runCommand(command: string, state: AppState): void {
  const [kind, what = ''] = command.split(':', 2);
  const view = VIEWS.find((known) => known === what);
  if (kind === 'view' && view) state.showView(view);
  if (kind === 'theme' && (what === 'system' || what === 'light' || what === 'dark')) {
    state.changeSettings({ theme: what });
  }
  if (kind === 'run') void state.showRun(what);
  if (command === 'undo') state.undo();
  if (command === 'redo') state.redo();
  if (command === 'shortcuts') state.showDialog('shortcuts');
  if (command === 'library') state.setLayout('library.open', !state.layout('library.open', true));
}
