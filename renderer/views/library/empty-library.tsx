import { Library as LibraryIcon } from 'lucide-react';
import { EmptyState } from '../../design/empty-state.tsx';
import { useApp } from '../../state/app-context.tsx';
import { CalibrateDemoButton } from '../control-column/calibrate-demo-button.tsx';
import styles from './empty-library.module.css';

/** Before the first run: what will be here, and the shortest way to it. */
export function EmptyLibrary() {
  const [tableOpen, folder] = useApp((state) => [state.calibration !== null, state.host?.library ?? null]);
  return (
    <div className={styles.empty}>
      <EmptyState
        icon={<LibraryIcon />}
        title="No runs yet"
        // With nothing to tune, the control column shows the same button as the one thing to do.
        action={tableOpen ? <CalibrateDemoButton /> : undefined}
      >
        <p>Calibrations, pictures and sweeps are kept here, as plain files that Python reads too.</p>
        <p>Schemes and RSE tables can be dropped into the window.</p>
        {folder !== null && <p className={styles.folder}>{folder}</p>}
      </EmptyState>
    </div>
  );
}
