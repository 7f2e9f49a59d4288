import { useMemo } from 'react';
import { methodColours, methodLabel } from '../../plots/method-colours.ts';
import styles from './method-bar.module.css';

interface MethodBarProps {
  readonly methods: readonly string[];
  /** Heads over all steps and layers, in the order of the methods. */
  readonly counts: readonly number[];
}

/** Heads per method as one bar, with its legend. */
export function MethodBar({ methods, counts }: MethodBarProps) {
  const colours = useMemo(() => methodColours(methods), [methods]);
  const all = counts.reduce((sum, count) => sum + count, 0);
  return (
    <div>
      <div className={styles.bar} aria-hidden>
        {methods.map((method, i) => (
          <span key={method} style={{ flexGrow: counts[i] ?? 0, background: colours[i] }} />
        ))}
      </div>
      <dl className={styles.legend} aria-label="Heads per method">
        {methods.map((method, i) => {
          const count = counts[i] ?? 0;
          return (
            <div key={method} title={`${count} of ${all} heads over all steps and layers`}>
              <dt>
                <span className={styles.swatch} style={{ background: colours[i] }} aria-hidden />
                {methodLabel(method)}
              </dt>
              <dd>{share(count, all)}</dd>
            </div>
          );
        })}
      </dl>
    </div>
  );
}

/** Whole percents; what is there is never "0 %". */
function share(count: number, all: number): string {
  const percent = all === 0 ? 0 : (count / all) * 100;
  return count > 0 && percent < 0.5 ? '<1 %' : `${Math.round(percent)} %`;
}
