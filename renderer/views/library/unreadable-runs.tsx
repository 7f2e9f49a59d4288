import { TriangleAlert } from 'lucide-react';
import { useApp } from '../../state/app-context.tsx';
import styles from './unreadable-runs.module.css';

/** Folders of the library that hold no usable run, and why. */
export function UnreadableRuns() {
  const unreadable = useApp((state) => state.unreadableRuns);
  if (unreadable.length === 0) return null;
  return (
    <details className={styles.unreadable}>
      <summary>
        <TriangleAlert size={14} aria-hidden />
        {unreadable.length === 1 ? 'One folder cannot be read' : `${unreadable.length} folders cannot be read`}
      </summary>
      <ul>
        {unreadable.map(({ id, reason }) => (
          <li key={id}>
            <strong>{id}</strong>
            <span>{reason}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
