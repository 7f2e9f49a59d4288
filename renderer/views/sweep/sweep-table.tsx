import { ArrowDown, ArrowUp } from 'lucide-react';
import { useState } from 'react';
import type { SweepPoint } from '../../../electron/contract.ts';
import { Badge } from '../../design/badge.tsx';
import { COLUMNS, measuredColumns, type SweepColumn } from './sweep-metrics.ts';
import styles from './sweep-table.module.css';

interface SweepTableProps {
  readonly points: readonly SweepPoint[];
  readonly onOpen: (point: SweepPoint) => void;
}

interface Order {
  readonly column: SweepColumn;
  readonly down: boolean;
}

/** Every pair of bounds with what it saves and costs; a row opens its pictures. */
export function SweepTable({ points, onOpen }: SweepTableProps) {
  const [order, setOrder] = useState<Order | null>(null);
  const columns = measuredColumns(COLUMNS, points);
  const sorted = order === null ? points : sortPoints(points, order);
  const sortBy = (column: SweepColumn) =>
    setOrder((now) => ({ column, down: now?.column === column ? !now.down : column.better === 'more' }));
  return (
    <div className={styles.scroll}>
      <table className={styles.table}>
        <caption className="visually-hidden">Points of the sweep</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" aria-sort={sortOf(order, column)}>
                <button type="button" title={column.label} onClick={() => sortBy(column)}>
                  {column.short ?? column.label}
                  {order?.column === column && (order.down ? <ArrowDown aria-hidden /> : <ArrowUp aria-hidden />)}
                </button>
              </th>
            ))}
            <th scope="col">
              <span className="visually-hidden">Pictures</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((point) => (
            <tr key={point.scheme}>
              {columns.map(({ key, value, show }) => (
                <td key={key}>{show(value(point))}</td>
              ))}
              <td>
                {point.onFront && (
                  <Badge tone="accent" title="No other point is better in sparsity and SSIM">
                    front
                  </Badge>
                )}
                <button type="button" className={styles.open} onClick={() => onOpen(point)}>
                  Compare
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function sortPoints(points: readonly SweepPoint[], { column, down }: Order): readonly SweepPoint[] {
  const sign = down ? -1 : 1;
  return points.toSorted((a, b) => {
    const [left, right] = [column.value(a), column.value(b)];
    // What is not known comes last, either way.
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return left === right ? 0 : left < right ? -sign : sign;
  });
}

function sortOf(order: Order | null, column: SweepColumn): 'ascending' | 'descending' | 'none' {
  if (order?.column !== column) return 'none';
  return order.down ? 'descending' : 'ascending';
}
