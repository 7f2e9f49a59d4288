import { groupMethods, methodLabel } from '../../../electron/contract/methods.ts';
import { MethodSwatch } from '../../plots/method-swatch.tsx';
import { useLooks } from '../../plots/use-looks.ts';
import styles from './map-legend.module.css';

interface MapLegendProps {
  readonly methods: readonly string[];
  /** Whether colours are methods; else they are values, and a scale says which. */
  readonly showMethods: boolean;
}

export function MapLegend({ methods, showMethods }: MapLegendProps) {
  const lookOf = useLooks(methods);
  return (
    <ul className={styles.legend} aria-label="Legend">
      {showMethods &&
        groupMethods(methods).map(({ title, methods: [first, ...others] }) => (
          <li key={title}>
            {others.length > 0 && <span className={styles.title}>{title}</span>}
            {[first!, ...others].map(({ name, label }) => (
              <span key={name} className={styles.method}>
                <MethodSwatch look={lookOf(name)} className={styles.swatch} />
                {others.length > 0 ? label : methodLabel(name)}
              </span>
            ))}
          </li>
        ))}
      {!showMethods && (
        <li>
          <span className={styles.impossible} aria-hidden />
          not possible
        </li>
      )}
      <li>
        <span className={styles.pin} aria-hidden />
        pinned by hand
      </li>
    </ul>
  );
}
