import { TableProperties } from 'lucide-react';
import { EmptyState } from '../../design/empty-state.tsx';
import { Select } from '../../design/select.tsx';
import { useApp } from '../../state/app-context.tsx';
import { SweepForm } from './sweep-form.tsx';
import { SweepResults } from './sweep-results.tsx';
import styles from './sweep-view.module.css';
import { useSweepRun } from './use-sweep-run.ts';

/** Many δ and c at once: what each saves, and what it costs in quality. */
export function SweepView() {
  const [table, tuning] = useApp((state) => [state.calibration?.run ?? null, state.tuning]);
  const { sweeps, run, choose } = useSweepRun();
  if (table === null && run === null) return <Nothing />;
  return (
    <div className={styles.view}>
      {table !== null && tuning !== null && <SweepForm key={table} run={table} tuning={tuning} />}
      {sweeps.length > 1 && run !== null && (
        <div className={styles.choice}>
          <Select
            label="Sweep to show"
            value={run.summary.id}
            options={sweeps.map(({ id, name, created }) => ({
              value: id,
              label: `${name}, ${new Date(created).toLocaleString()}`,
            }))}
            onChange={choose}
          />
        </div>
      )}
      {run === null || run.sweep.length === 0 ? <NoPoints /> : <SweepResults run={run} />}
    </div>
  );
}

function Nothing() {
  return (
    <EmptyState icon={<TableProperties />} title="Find the best trade">
      <p>
        A sweep solves a calibration at many δ and c, makes pictures with each, and plots what they save against what
        they cost. Calibrate first, or open a calibration in the library.
      </p>
    </EmptyState>
  );
}

function NoPoints() {
  return (
    <EmptyState icon={<TableProperties />} title="No points yet">
      <p>
        Choose the budgets and head constraints above. Each point re-solves the open table, makes the pictures again and
        compares them with full attention; points appear as they are done, and each opens in Compare.
      </p>
    </EmptyState>
  );
}
