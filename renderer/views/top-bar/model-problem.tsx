import { TriangleAlert } from 'lucide-react';
import { describeError } from '../../design/notify.ts';
import { useApp } from '../../state/app-context.tsx';
import styles from './connection-status.module.css';

/** Why nothing can be made: the chosen model does not open. */
export function ModelProblem() {
  const error = useApp((state) => state.modelError);
  if (error === null) return null;
  const { message, hint } = describeError(error);
  const text = hint ? `${message} ${hint}` : message;
  return (
    <span className={styles.lost} role="alert" title={text}>
      <TriangleAlert size={15} aria-hidden />
      <span className={styles.text}>The model cannot be opened: {text}</span>
    </span>
  );
}
