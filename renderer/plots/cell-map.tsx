import { type MouseEvent, type ReactNode, useLayoutEffect, useRef } from 'react';
import styles from './cell-map.module.css';
import type { MarkedCells } from './cell-marks.ts';
import { MarksCanvas } from './marks-canvas.tsx';

export interface Cell {
  readonly column: number;
  readonly row: number;
}

export interface CellAxis {
  readonly title: string;
  /** One per column or row; as many are shown as there is room for. */
  readonly labels: readonly string[];
}

interface CellMapProps {
  readonly columns: number;
  readonly rows: number;
  /** RGBA of every cell, row by row; transparent cells show the hatching below. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  readonly x: CellAxis;
  readonly y: CellAxis;
  readonly selected: Cell;
  /** What is drawn over the colours; null: nothing. */
  readonly marks: MarkedCells | null;
  /** Cells with a dot. */
  readonly pinned: readonly Cell[];
  /** At the right of the map: what colours mean. */
  readonly scale?: ReactNode;
  /** The cell under the pointer, and where the pointer is on the page; null when it leaves. */
  readonly onHover: (cell: Cell | null, clientX: number, clientY: number) => void;
  readonly onClick: (cell: Cell) => void;
}

/** Cells are parted by lines where they are large enough to see. */
const PARTED_BELOW = 1600;
/** So many labels fit below each other, and labels of so many characters, each with a space, beside each other. */
const ROOM = { x: 54, y: 30 };

/**
 * A map of coloured cells. A canvas of one pixel per cell, stretched: a plan of FLUX's size repaints in about a
 * millisecond, where a chart library that lays out axes anew takes a slider's whole time.
 */
export function CellMap(props: CellMapProps) {
  const { columns, rows, pixels, x, y, selected, marks, pinned, scale, onHover, onClick } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const context = canvas.current!.getContext('2d')!;
    context.putImageData(new ImageData(pixels, columns, rows), 0, 0);
  }, [pixels, columns, rows]);
  const cellAt = (event: MouseEvent): Cell => {
    const box = event.currentTarget.getBoundingClientRect();
    const at = (share: number, count: number) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
    return {
      column: at((event.clientX - box.left) / box.width, columns),
      row: at((event.clientY - box.top) / box.height, rows),
    };
  };
  const parted = columns * rows <= PARTED_BELOW;
  return (
    <div className={styles.map}>
      <Ticks axis={y} side="y" />
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keyboard's way is the map's owner's */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard's way is the map's owner's */}
      <div
        className={styles.cells}
        data-cells
        onMouseMove={(event) => onHover(cellAt(event), event.clientX, event.clientY)}
        onMouseLeave={() => onHover(null, 0, 0)}
        onClick={(event) => onClick(cellAt(event))}
        // A menu is about the cell that it was opened on.
        onContextMenu={(event) => onClick(cellAt(event))}
      >
        <canvas ref={canvas} width={columns} height={rows} />
        {marks && <MarksCanvas cells={marks} />}
        {parted && (
          <div className={styles.lines} style={{ backgroundSize: `${100 / columns}% ${100 / rows}%` }} aria-hidden />
        )}
        <Pins cells={pinned} columns={columns} rows={rows} />
        <div className={styles.selected} style={boxOf(selected, columns, rows)} aria-hidden />
      </div>
      {scale && <div className={styles.scale}>{scale}</div>}
      <Ticks axis={x} side="x" />
    </div>
  );
}

function Ticks({ axis, side }: { readonly axis: CellAxis; readonly side: 'x' | 'y' }) {
  const { labels, title } = axis;
  const needed = side === 'y' ? labels.length : labels.reduce((sum, label) => sum + label.length + 1, 0);
  const every = Math.ceil(needed / ROOM[side]);
  const place = (n: number) => `${(100 * (n + 0.5)) / labels.length}%`;
  return (
    <div className={styles[side]} aria-hidden>
      {labels.map(
        (label, n) =>
          n % every === 0 && (
            <span key={label} style={side === 'x' ? { left: place(n) } : { top: place(n) }}>
              {label}
            </span>
          ),
      )}
      <em>{title}</em>
    </div>
  );
}

function Pins({
  cells,
  columns,
  rows,
}: {
  readonly cells: readonly Cell[];
  readonly columns: number;
  readonly rows: number;
}) {
  if (cells.length === 0) return null;
  return (
    <div className={styles.pins} aria-hidden>
      {cells.map(({ column, row }) => (
        <i
          key={`${column} ${row}`}
          style={{ left: `${(100 * (column + 0.5)) / columns}%`, top: `${(100 * (row + 0.5)) / rows}%` }}
        />
      ))}
    </div>
  );
}

function boxOf({ column, row }: Cell, columns: number, rows: number) {
  const percent = (part: number, whole: number) => `${(100 * part) / whole}%`;
  return {
    left: percent(column, columns),
    top: percent(row, rows),
    width: percent(1, columns),
    height: percent(1, rows),
  };
}
