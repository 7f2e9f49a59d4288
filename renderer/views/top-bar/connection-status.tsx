import { Unplug } from 'lucide-react';
import { useApp } from '../../state/app-context.tsx';
import styles from './connection-status.module.css';

/** Says so while the host cannot be reached. */
export function ConnectionStatus() {
  const connection = useApp((state) => state.connection);
  if (connection === 'open') return null;
  if (connection === 'connecting') return <span className={styles.connecting}>Connecting…</span>;
  return (
    <span className={styles.lost} role="alert">
      <Unplug size={15} aria-hidden /> The host cannot be reached; trying again. Jobs go on there.
    </span>
  );
}
