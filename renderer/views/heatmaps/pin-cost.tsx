import { useEffect, useState } from 'react';
import type { Solved } from '../../../electron/contract.ts';
import { formatPercent } from '../../design/format.ts';
import { useApp, useAppStore, useWorkbench } from '../../state/app-context.tsx';
import type { Tuning } from '../../state/tuning.ts';
import styles from './pin-cost.module.css';

/** A drag does not ask for what would be without pins at every value. */
const ASK_AFTER_MS = 150;

/** What the pins cost: the same values solved without them, beside the plan with them. */
export function PinCost({ solved, tuning }: { readonly solved: Solved; readonly tuning: Tuning }) {
  const without = useSolvedWithoutPins(tuning);
  const solving = useApp((state) => state.solving);
  if (tuning.pins.length === 0 || without === null || solving) return null;
  const { sparsity, overdrawn } = solved;
  return (
    <dl className={styles.cost} aria-live="polite">
      {sparsity !== null && without.sparsity !== null && (
        <div>
          <dt>Sparsity by the pins</dt>
          <dd>{signed((sparsity - without.sparsity) * 100)} points</dd>
        </div>
      )}
      <div>
        <dt>Budget used</dt>
        <dd>
          {formatPercent(without.budgetShare)} → {formatPercent(solved.budgetShare)}
        </dd>
      </div>
      {overdrawn > 0 && (
        <div className={styles.overdrawn}>
          <dt>Over the budget</dt>
          <dd>{overdrawn === 1 ? 'one layer at one step' : `${overdrawn} layers × steps`}</dd>
        </div>
      )}
    </dl>
  );
}

function useSolvedWithoutPins(tuning: Tuning): Solved | null {
  const workbench = useWorkbench();
  const store = useAppStore();
  const [answer, setAnswer] = useState<Solved | null>(null);
  useEffect(() => {
    setAnswer(null);
    const settings = store.getState().solveSettings();
    if (tuning.pins.length === 0 || settings === null) return;
    let wanted = true;
    const timer = setTimeout(async () => {
      // The plan with pins tells of errors; this is beside it.
      const solved = await workbench.request('calibration.solve', { ...settings, pins: [] }).catch(() => null);
      if (wanted) setAnswer(solved);
    }, ASK_AFTER_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [tuning, store, workbench]);
  return answer;
}

function signed(points: number): string {
  return `${points > 0 ? '+' : ''}${points.toFixed(2)}`.replace('-', '−');
}
