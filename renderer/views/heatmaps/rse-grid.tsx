import type { MethodLook } from '../../../electron/contract/method-looks.ts';
import { groupMethods, type MethodGroup } from '../../../electron/contract/methods.ts';
import { formatNumber } from '../../design/format.ts';
import { MethodSwatch } from '../../plots/method-swatch.tsx';
import { useLooks } from '../../plots/use-looks.ts';
import type { CellNumbers } from './map-matrix.ts';
import styles from './rse-grid.module.css';

/** What stands in a column, by the titles of groups that it takes from. */
const COLUMNS = [
  { title: 'alone', groups: ['Full', 'Arrow', 'Reuse', 'Other'] },
  { title: '+ residual', groups: ['Arrow + residual'] },
  { title: 'CFG shared', groups: ['CFG shared'] },
  { title: 'CFG shared + residual', groups: ['CFG shared + residual'] },
] as const satisfies readonly { readonly title: string; readonly groups: readonly MethodGroup['title'][] }[];

/** A cell's RSE with windows down and their variants to the right: a dozen methods in the room of a hover card. */
export function RseGrid({ numbers: { methods, heads } }: { readonly numbers: CellNumbers }) {
  const names = methods.map(({ name }) => name);
  const lookOf = useLooks(names);
  const groups = groupMethods(names);
  const columns = COLUMNS.map(({ title, groups: titles }) => ({
    title,
    methods: groups.filter((group) => titles.some((known) => known === group.title)).flatMap((group) => group.methods),
  })).filter((column) => column.methods.length > 0);
  const rows = [...new Set(groups.flatMap((group) => group.methods.map(({ label }) => label)))];
  return (
    <table className={styles.grid}>
      <thead>
        <tr>
          <th>{heads === 1 ? 'RSE' : 'Σ RSE (heads)'}</th>
          {columns.map(({ title }) => (
            <th key={title}>{title}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row}>
            <th>{row}</th>
            {columns.map((column) => {
              const name = column.methods.find(({ label }) => label === row)?.name;
              const method = methods.find((known) => known.name === name);
              return (
                <td key={column.title}>{method && <Cell {...method} look={lookOf(method.name)} heads={heads} />}</td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

type CellProps = CellNumbers['methods'][number] & Pick<CellNumbers, 'heads'> & { readonly look: MethodLook };

function Cell({ look, rse, chosenBy, heads }: CellProps) {
  return (
    <span className={chosenBy > 0 ? styles.chosen : styles.cell}>
      <MethodSwatch look={look} />
      {formatNumber(rse)}
      {heads > 1 && chosenBy > 0 && ` (${chosenBy})`}
    </span>
  );
}
