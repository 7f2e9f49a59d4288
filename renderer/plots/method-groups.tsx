import type { ReactNode } from 'react';
import { groupMethods, methodLabel } from '../../electron/contract/methods.ts';
import styles from './method-groups.module.css';

interface MethodGroupsProps {
  readonly methods: readonly string[];
  /** Titles above their rows: for narrow places. */
  readonly stacked?: boolean;
  /** `label` says what the group's title does not, `whole` all of it. */
  readonly children: (method: { readonly name: string; readonly label: string; readonly whole: string }) => ReactNode;
}

/** Methods by family, one row each: a dozen stay readable. */
export function MethodGroups({ methods, stacked = false, children }: MethodGroupsProps) {
  return (
    <div className={`${styles.groups} ${stacked ? styles.stacked : ''}`}>
      {groupMethods(methods).map((group) => (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be a row of a grid
        <div key={group.title} role="group" aria-label={group.title} className={styles.group}>
          <span className={styles.title} aria-hidden>
            {group.title}
          </span>
          <div className={styles.methods}>
            {group.methods.map(({ name, label }) => children({ name, label, whole: methodLabel(name) }))}
          </div>
        </div>
      ))}
    </div>
  );
}
