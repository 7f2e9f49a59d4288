import type { ReactNode } from 'react';
import styles from './chip.module.css';
import { Tip } from './tip.tsx';

interface ChipProps {
  /** Its accessible name. */
  readonly label: string;
  /** `mixed`: of what it stands for, a part is chosen. */
  readonly pressed: boolean | 'mixed';
  readonly onPress: (pressed: boolean) => void;
  /** What it does. */
  readonly title?: string;
  /** Why it cannot be chosen now; null where it can. */
  readonly obstacle?: string | null;
  readonly children: ReactNode;
}

/** A choice among its like, several at once. One that cannot be chosen still says why, to pointer and keyboard. */
export function Chip({ label, pressed, onPress, title, obstacle = null, children }: ChipProps) {
  const says = obstacle ?? title;
  const button = (
    <button
      type="button"
      className={styles.chip}
      aria-label={label}
      aria-pressed={pressed}
      aria-disabled={obstacle === null ? undefined : true}
      onClick={() => obstacle === null && onPress(pressed !== true)}
    >
      {children}
    </button>
  );
  return says ? <Tip text={says}>{button}</Tip> : button;
}
