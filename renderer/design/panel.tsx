import { type ReactNode, useId } from 'react';
import styles from './panel.module.css';

interface PanelProps {
  readonly title: string;
  /** Buttons at the right of the title. */
  readonly actions?: ReactNode;
  /** The body fills the panel to its edges. */
  readonly flush?: boolean;
  /** The body does not scroll: something in it does. */
  readonly still?: boolean;
  readonly children: ReactNode;
}

/** A titled region of the window that scrolls by itself. */
export function Panel({ title, actions, flush, still, children }: PanelProps) {
  const id = useId();
  return (
    <section className={styles.panel} aria-labelledby={id}>
      <header className={styles.header}>
        <h2 id={id}>{title}</h2>
        {actions}
      </header>
      <div className={`${styles.body} ${flush ? styles.flush : ''} ${still ? styles.still : ''}`}>{children}</div>
    </section>
  );
}

/** A named group within a panel. */
export function Section({ title, actions, children }: Omit<PanelProps, 'flush' | 'still'>) {
  const id = useId();
  return (
    <section className={styles.section} aria-labelledby={id}>
      <div style={{ display: 'flex', alignItems: 'center', gap: 8, minHeight: 24 }}>
        <h3 id={id} style={{ flex: 1 }}>
          {title}
        </h3>
        {actions}
      </div>
      {children}
    </section>
  );
}
