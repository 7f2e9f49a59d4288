import { useEffect, useState } from 'react';
import type { Comparison, ImageRef, LpipsNetwork } from '../../../electron/contract.ts';
import { useWorkbench } from '../../state/app-context.tsx';

type Answer = Comparison | { readonly error: unknown } | null;

interface Measured {
  /** null while it is being measured. */
  readonly answer: Answer;
  /** Measures again, as when weights were added. */
  readonly again: () => void;
}

const known = new Map<string, Promise<Comparison>>();

/** How far b is from a. Measured once per pair and network. */
export function useComparison(a: ImageRef, b: ImageRef, lpips: LpipsNetwork): Measured {
  const workbench = useWorkbench();
  const [answer, setAnswer] = useState<Answer>(null);
  const [times, setTimes] = useState(0);
  const key = JSON.stringify({ a, b, lpips });
  // biome-ignore lint/correctness/useExhaustiveDependencies: `times` asks again
  useEffect(() => {
    let wanted = true;
    setAnswer(null);
    const asked = known.get(key) ?? workbench.request('images.compare', JSON.parse(key));
    known.set(key, asked);
    asked.then(
      (comparison) => {
        if (comparison.lpipsMissing === 'weights') known.delete(key);
        if (wanted) setAnswer(comparison);
      },
      (error: unknown) => {
        known.delete(key);
        if (wanted) setAnswer({ error });
      },
    );
    return () => {
      wanted = false;
    };
  }, [workbench, key, times]);
  return { answer, again: () => setTimes((before) => before + 1) };
}
