import { useEffect, useSyncExternalStore } from 'react';
import { useApp } from '../state/app-context.tsx';

const darkQuery = '(prefers-color-scheme: dark)';

function watchSystem(listener: () => void): () => void {
  const query = matchMedia(darkQuery);
  query.addEventListener('change', listener);
  return () => query.removeEventListener('change', listener);
}

/** Whether the window is dark now: by choice, or by the system's. Plots need to know; CSS uses `light-dark()`. */
export function useIsDark(): boolean {
  const systemIsDark = useSyncExternalStore(watchSystem, () => matchMedia(darkQuery).matches);
  const theme = useApp((state) => state.settings?.theme ?? 'system');
  return theme === 'system' ? systemIsDark : theme === 'dark';
}

/** Applies the chosen theme to the whole document. */
export function useDocumentTheme(): void {
  const theme = useApp((state) => state.settings?.theme ?? 'system');
  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
}
