import { Library as LibraryIcon } from 'lucide-react';
import { EmptyState } from '../../design/empty-state.tsx';
import { useApp } from '../../state/app-context.tsx';
import styles from './empty-library.module.css';

/** Before the first run: what will be here. */
export function EmptyLibrary() {
  const folder = useApp((state) => state.host?.library ?? null);
  return (
    <div className={styles.empty}>
      <EmptyState icon={<LibraryIcon />} title="No runs yet">
        <p>Calibrations, pictures and sweeps are kept here, as plain files that Python reads too.</p>
        <p>Schemes and RSE tables can be dropped into the window.</p>
        {folder !== null && <p className={styles.folder}>{folder}</p>}
      </EmptyState>
    </div>
  );
}
