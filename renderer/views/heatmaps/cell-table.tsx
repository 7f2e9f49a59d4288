import { groupMethods, hasVariants, type MethodGroup, methodLabel } from '../../../electron/contract/methods.ts';
import { formatNumber, formatPercent } from '../../design/format.ts';
import { MethodSwatch } from '../../plots/method-swatch.tsx';
import { useLooks } from '../../plots/use-looks.ts';
import styles from './cell-table.module.css';
import type { CellNumbers } from './map-matrix.ts';

interface CellTableProps {
  readonly numbers: CellNumbers;
  readonly delta: number;
}

/** All numbers of a cell: RSE of every method, which is chosen, and what of the budget it would use. */
export function CellTable({ numbers, delta }: CellTableProps) {
  const { place, methods, heads, layerRse } = numbers;
  const names = methods.map(({ name }) => name);
  const numbersOf = (name: string) => methods[names.indexOf(name)]!;
  const lookOf = useLooks(names);
  // Where families differ, a row has room for what its family does not say.
  const broad = hasVariants(names);
  const titled = ({ title }: MethodGroup) => broad && title !== 'Full' && title !== 'Reuse';
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
      {groupMethods(names).map((group) => (
        <tbody key={group.title}>
          {titled(group) && (
            <tr className={styles.title}>
              <th scope="rowgroup" colSpan={4}>
                {group.title}
              </th>
            </tr>
          )}
          {group.methods.map(({ name, label }) => (
            <tr key={name} className={numbersOf(name).chosenBy > 0 ? styles.chosen : ''}>
              <th scope="row">
                <MethodSwatch look={lookOf(name)} className={styles.swatch} />
                {titled(group) ? label : methodLabel(name)}
              </th>
              <MethodCells {...numbersOf(name)} isHead={heads === 1} step={place.step} delta={delta} />
            </tr>
          ))}
        </tbody>
      ))}
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

interface MethodCellsProps {
  readonly rse: number;
  readonly chosenBy: number;
  readonly isHead: boolean;
  readonly step: number;
  readonly delta: number;
}

function MethodCells({ rse, chosenBy, isHead, step, delta }: MethodCellsProps) {
  const why = step === 0 ? 'The first step is always full' : 'Nothing to reuse at this step';
  const impossible = Number.isNaN(rse);
  return (
    <>
      <td>{impossible ? <span title={why}>not possible</span> : formatNumber(rse)}</td>
      <td>{impossible || delta === 0 ? '—' : formatPercent(rse / delta)}</td>
      <td>{isHead ? (chosenBy > 0 ? '✓' : '') : chosenBy}</td>
    </>
  );
}
