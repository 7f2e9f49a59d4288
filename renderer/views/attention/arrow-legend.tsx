import type { AttentionMapReply } from '../../../electron/contract.ts';
import { methodLabel } from '../../../electron/contract/methods.ts';
import { formatPercent } from '../../design/format.ts';
import styles from './arrow-legend.module.css';

interface ArrowLegendProps {
  readonly map: AttentionMapReply;
  readonly colourOf: (fraction: number) => string;
  readonly shown: ReadonlySet<number>;
  readonly onToggle: (fraction: number) => void;
}

/** Every window: how much of the attention it keeps, for how little of the work; a click draws or hides its edge. */
export function ArrowLegend({ map, colourOf, shown, onToggle }: ArrowLegendProps) {
  if (map.overlays.length === 0) return <p className={styles.none}>The open table has no arrow windows to draw.</p>;
  return (
    <table className={styles.legend}>
      <caption className="visually-hidden">Arrow windows over this map</caption>
      <thead>
        <tr>
          <th scope="col">Window</th>
          <th scope="col">Mass kept</th>
          <th scope="col">Skipped</th>
        </tr>
      </thead>
      <tbody>
        {map.overlays.map(({ fraction, keptMass, sparsity }) => (
          <tr key={fraction}>
            <th scope="row">
              <button type="button" aria-pressed={shown.has(fraction)} onClick={() => onToggle(fraction)}>
                <span className={styles.swatch} style={{ borderColor: colourOf(fraction) }} aria-hidden />
                {methodLabel(`arrow/${fraction}`)}
              </button>
            </th>
            <td>
              <span className={styles.bar} style={{ '--share': keptMass } as React.CSSProperties} aria-hidden />
              {formatPercent(keptMass)}
            </td>
            <td>{formatPercent(sparsity)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
