import { useEffect, useState } from 'react';
import type { RunDetails } from '../../../electron/contract.ts';
import { describeError } from '../../design/notify.ts';
import { useWorkbench } from '../../state/app-context.tsx';

interface RunSchemes {
  readonly schemes: RunDetails['schemes'];
  /** Why they could not be read; null where they could, or are not there yet. */
  readonly problem: string | null;
  readonly loaded: boolean;
}

const NONE: RunSchemes = { schemes: [], problem: null, loaded: false };

/** The schemes of any run of the library; null: of none. */
export function useRunSchemes(run: string | null): RunSchemes {
  const workbench = useWorkbench();
  const [found, setFound] = useState<RunSchemes & { readonly run: string | null }>({ ...NONE, run: null });
  useEffect(() => {
    if (run === null) return;
    let wanted = true;
    const show = (result: Omit<RunSchemes, 'loaded'>) => wanted && setFound({ ...result, loaded: true, run });
    workbench.request('runs.open', { run }).then(
      ({ schemes }) => show({ schemes, problem: null }),
      (error: unknown) => show({ schemes: [], problem: describeError(error).message }),
    );
    return () => {
      wanted = false;
    };
  }, [workbench, run]);
  return found.run === run ? found : NONE;
}
