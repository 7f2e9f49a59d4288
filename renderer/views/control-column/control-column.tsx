import { SlidersHorizontal } from 'lucide-react';
import { EmptyState } from '../../design/empty-state.tsx';
import { Panel, Section } from '../../design/panel.tsx';
import { useApp } from '../../state/app-context.tsx';
import { BudgetControls } from './budget-controls.tsx';
import { CalibrateDemoButton } from './calibrate-demo-button.tsx';
import styles from './control-column.module.css';
import { HistoryButtons } from './history-buttons.tsx';
import { LiveNumbers } from './live-numbers.tsx';
import { PinnedList } from './pinned-list.tsx';
import { PlanState } from './plan-state.tsx';
import { SchemeActions } from './scheme-actions.tsx';

/** The error budget and what it buys, for the open table. */
export function ControlColumn() {
  const [open, isDemo] = useApp((state) => [state.calibration !== null, (state.settings?.model ?? null) === null]);
  if (!open)
    return (
      <Panel title="Controls">
        <EmptyState
          icon={<SlidersHorizontal />}
          title="Nothing to tune yet"
          action={isDemo ? <CalibrateDemoButton /> : undefined}
        >
          <p>
            A calibration measures how much every head loses under every method. Then these sliders trade error against
            speed, and answer at once.
          </p>
          {!isDemo && <p>Press Calibrate above, or open a calibration in the library.</p>}
        </EmptyState>
      </Panel>
    );
  return (
    <Panel title="Controls" actions={<HistoryButtons />}>
      <div className={styles.column}>
        <TableName />
        <PlanState />
        <Section title="What it saves">
          <LiveNumbers />
        </Section>
        <BudgetControls />
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
