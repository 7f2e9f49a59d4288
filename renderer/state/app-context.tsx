import { createContext, type ReactNode, useContext } from 'react';
import { useStore } from 'zustand';
import { useShallow } from 'zustand/react/shallow';
import type { Workbench } from '../../electron/contract.ts';
import type { AppState, AppStore } from './app-state.ts';

interface App {
  readonly store: AppStore;
  readonly workbench: Workbench;
}

const AppContext = createContext<App | null>(null);

export function AppProvider({ app, children }: { readonly app: App; readonly children: ReactNode }) {
  return <AppContext value={app}>{children}</AppContext>;
}

function useAppContext(): App {
  const app = useContext(AppContext);
  if (app === null) throw new Error('useApp outside of AppProvider');
  return app;
}

/** What `select` picks; renders again when that changes. Objects and arrays made by `select` are compared by their parts. */
export function useApp<T>(select: (state: AppState) => T): T {
  return useStore(useAppContext().store, useShallow(select));
}

/** The store itself, for handlers that read the newest state without rendering on it. */
export function useAppStore(): AppStore {
  return useAppContext().store;
}

export function useWorkbench(): Workbench {
  return useAppContext().workbench;
}
