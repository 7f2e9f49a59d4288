import { useEffect, useState } from 'react';
import type { RunDetails, RunSummary } from '../../../electron/contract.ts';
import { notifyError } from '../../design/notify.ts';
import { useApp, useWorkbench } from '../../state/app-context.tsx';

interface SweepRun {
  /** Sweeps of the open table, newest first; the open run among them where it is one. */
  readonly sweeps: readonly RunSummary[];
  readonly run: RunDetails | null;
  readonly choose: (id: string) => void;
}

/** The sweep to show: the chosen one, else the open run where it is one, else the newest. Grows as its job goes on. */
export function useSweepRun(): SweepRun {
  const workbench = useWorkbench();
  const [runs, openRun, table] = useApp((state) => [state.runs, state.openRun, state.calibration?.run]);
  const open = openRun?.summary;
  const sweeps = runs.filter(({ id, kind, parent }) => kind === 'sweep' && (parent === table || id === open?.id));
  const [chosen, choose] = useState<string | null>(null);
  const wanted = [chosen, open?.id].find((id) => sweeps.some((sweep) => sweep.id === id)) ?? sweeps[0]?.id ?? null;
  const [run, setRun] = useState<RunDetails | null>(null);
  // The list is loaded anew at every point that a job adds: then this run is, too.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `runs` stands for "something in the library has changed"
  useEffect(() => {
    if (wanted === null) return setRun(null);
    let current = true;
    workbench.request('runs.open', { run: wanted }).then(
      (found) => current && setRun(found),
      (error: unknown) => current && notifyError('The sweep could not be opened', error),
    );
    return () => {
      current = false;
    };
  }, [workbench, wanted, runs]);
  return { sweeps, run: run?.summary.id === wanted ? run : null, choose };
}
