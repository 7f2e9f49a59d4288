import { SlidersHorizontal } from 'lucide-react';
import { EmptyState } from '../../design/empty-state.tsx';
import { useApp } from '../../state/app-context.tsx';
import { CalibrateDemoButton } from './calibrate-demo-button.tsx';
import styles from './empty-controls.module.css';

const MAKES_A_TABLE = ['calibrate', 'resume', 'confirm-search'];

/** Before the first table: what the sliders will do, and the way there. */
export function EmptyControls() {
  const [isDemo, inHeatmaps, scheme, job] = useApp((state) => [
    (state.settings?.model ?? null) === null,
    state.view === 'heatmaps',
    state.openRun !== null && state.openRun.schemes.length > 0 ? state.openRun.summary.name : null,
    state.jobs.find(({ status, request }) => status === 'running' && MAKES_A_TABLE.includes(request.kind)) ?? null,
  ]);
  if (job !== null)
    return (
      <EmptyState
        icon={<SlidersHorizontal />}
        title="Calibrating"
        action={<progress className={styles.progress} value={job.progress.value} max={1} aria-label={job.title} />}
      >
        <p>Every candidate is measured against full attention, head by head. The sliders come alive when it is done.</p>
      </EmptyState>
    );
  if (scheme !== null)
    return (
      <EmptyState icon={<SlidersHorizontal />} title="A scheme without its table">
        <p>
          “{scheme}” says what every head does, but not what was measured: there is nothing to solve again. Generate
          makes pictures under it.
        </p>
      </EmptyState>
    );
  return (
    <EmptyState
      icon={<SlidersHorizontal />}
      title="Nothing to tune yet"
      // The empty heatmaps show the same button: one thing to do, once.
      action={isDemo && !inHeatmaps ? <CalibrateDemoButton /> : undefined}
    >
      <p>
        A calibration measures how much every head loses under every method. Then these sliders trade error against
        speed, and answer at once.
      </p>
      {!isDemo && <p>Press Calibrate above, or open a calibration in the library.</p>}
    </EmptyState>
  );
}
