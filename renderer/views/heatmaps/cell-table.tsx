import { useMemo } from 'react';
import { formatNumber, formatPercent } from '../../design/format.ts';
import { methodColours, methodLabel } from '../../plots/method-colours.ts';
import styles from './cell-table.module.css';
import type { CellNumbers } from './map-matrix.ts';

interface CellTableProps {
  readonly numbers: CellNumbers;
  readonly delta: number;
}

/** All numbers of a cell: RSE of every method, which is chosen, and what of the budget it would use. */
export function CellTable({ numbers, delta }: CellTableProps) {
  const { methods, heads, layerRse } = numbers;
  const colours = useMemo(() => methodColours(methods.map(({ name }) => name)), [methods]);
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th scope="col">Method</th>
          <th scope="col">{heads === 1 ? 'RSE' : 'Σ RSE'}</th>
          <th scope="col">of δ</th>
          <th scope="col">{heads === 1 ? <span className="visually-hidden">Chosen</span> : 'Heads'}</th>
        </tr>
      </thead>
      <tbody>
        {methods.map(({ name, rse, chosenBy }, n) => (
          <tr key={name} className={chosenBy > 0 ? styles.chosen : ''}>
            <th scope="row">
              <span className={styles.swatch} style={{ background: colours[n] }} aria-hidden />
              {methodLabel(name)}
            </th>
            <td>
              {Number.isNaN(rse) ? <span title="Nothing to reuse at this step">not possible</span> : formatNumber(rse)}
            </td>
            <td>{Number.isNaN(rse) || delta === 0 ? '—' : formatPercent(rse / delta)}</td>
            <td>{heads === 1 ? (chosenBy > 0 ? '✓' : '') : chosenBy}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">Layer uses</th>
          <td>{formatNumber(layerRse)}</td>
          <td>{delta === 0 ? '—' : formatPercent(layerRse / delta)}</td>
          <td />
        </tr>
      </tfoot>
    </table>
  );
}
