import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { AttentionMapReply, AttentionMapRequest } from '../../../electron/contract.ts';
import { useWorkbench } from '../../state/app-context.tsx';
import { newestWins } from '../../state/newest-wins.ts';

interface AttentionState {
  readonly map: AttentionMapReply | null;
  /** Whether a newer map is being computed. */
  readonly waiting: boolean;
  readonly error: unknown;
}

/** A step slider under way does not ask for every step that it passes. */
const ASK_AFTER_MS = 250;

/** The map of a request, asked for when the request changes. The map before stays until the new one is there. */
export function useAttentionMap(request: AttentionMapRequest | null): AttentionState & { retry: () => void } {
  const workbench = useWorkbench();
  const [state, setState] = useState<AttentionState>({ map: null, waiting: false, error: null });
  const newest = useRef(request);
  newest.current = request;
  const mounted = useRef(true);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);

  const asking = useMemo(
    () =>
      newestWins(async () => {
        const wanted = newest.current;
        if (wanted === null || !mounted.current) return;
        try {
          const map = await workbench.request('attention.map', wanted);
          if (newest.current === wanted) setState({ map, waiting: false, error: null });
        } catch (error) {
          if (newest.current === wanted) setState({ map: null, waiting: false, error });
        }
      }),
    [workbench],
  );
  const retry = useCallback(() => {
    setState((before) => ({ ...before, waiting: true, error: null }));
    asking.run();
  }, [asking]);
  useEffect(() => {
    if (request === null) return;
    setState((before) => ({ ...before, waiting: true, error: null }));
    const timer = setTimeout(() => asking.run(), ASK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [request, asking]);
  return { ...state, retry };
}
