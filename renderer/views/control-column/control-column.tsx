import { Panel, Section } from '../../design/panel.tsx';
import { useApp } from '../../state/app-context.tsx';
import { BudgetControls } from './budget-controls.tsx';
import styles from './control-column.module.css';
import { EmptyControls } from './empty-controls.tsx';
import { HistoryButtons } from './history-buttons.tsx';
import { LiveNumbers, SolveLatency } from './live-numbers.tsx';
import { PinnedList } from './pinned-list.tsx';
import { PlanState } from './plan-state.tsx';
import { SchemeActions } from './scheme-actions.tsx';

/** The error budget and what it buys, for the open table. */
export function ControlColumn() {
  const calibration = useApp((state) => state.calibration);
  if (calibration === null)
    return (
      <Panel title="Controls">
        <EmptyControls />
      </Panel>
    );
  return (
    <Panel title="Controls" actions={<HistoryButtons />}>
      <div className={styles.column}>
        <TableName />
        <PlanState />
        <Section title="What it saves" actions={<SolveLatency />}>
          <LiveNumbers />
        </Section>
        <BudgetControls calibration={calibration} />
        <PinnedList />
        <Section title="Scheme">
          <SchemeActions />
        </Section>
      </div>
    </Panel>
  );
}

function TableName() {
  const [name, size] = useApp(({ calibration, runs }) => [
    runs.find(({ id }) => id === calibration?.run)?.name ?? calibration?.run ?? '',
    calibration && `${calibration.steps} steps × ${calibration.layers.length} layers × ${calibration.heads} heads`,
  ]);
  return (
    <p className={styles.table} title={`${name}: ${size}`}>
      <strong>{name}</strong>
      <span>{size}</span>
    </p>
  );
}
