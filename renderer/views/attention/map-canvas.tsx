import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { AttentionMapReply } from '../../../electron/contract.ts';
import { inkOver } from '../../../electron/contract/method-looks.ts';
import { formatNumber } from '../../design/format.ts';
import { arrowOutline } from './arrow-outline.ts';
import styles from './map-canvas.module.css';
import { type MapScale, mapPixels } from './map-pixels.ts';
import { imageBegin, rowPlace } from './token-look.ts';

interface MapCanvasProps {
  readonly map: AttentionMapReply;
  readonly scale: MapScale;
  /** Windows to draw, with their colours. */
  readonly arrows: readonly { readonly fraction: number; readonly colour: string }[];
  readonly row: number;
  readonly onRow: (row: number) => void;
}

/** The attention map, queries down and keys to the right, with what each arrow keeps drawn over it. */
export function MapCanvas({ map, scale, arrows, row, onRow }: MapCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [under, setUnder] = useState<{ row: number; column: number } | null>(null);
  const tokens = map.layout.text + map.layout.image;
  useEffect(() => {
    const context = canvas.current!.getContext('2d')!;
    context.putImageData(new ImageData(mapPixels(map.values, scale), map.size, map.size), 0, 0);
  }, [map, scale]);

  const cellUnder = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    const at = (position: number, length: number) =>
      Math.min(map.size - 1, Math.max(0, Math.floor(((position / length) * tokens) / map.cell)));
    return { row: at(event.clientY - box.top, box.height), column: at(event.clientX - box.left, box.width) };
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    onRow(Math.min(map.size - 1, Math.max(0, row + by)));
  };
  const visible = map.size * map.cell;
  return (
    <div className={styles.frame}>
      <div
        className={styles.map}
        role="slider"
        aria-orientation="vertical"
        aria-label="Query row of the attention map"
        aria-valuemin={0}
        aria-valuemax={map.size - 1}
        aria-valuenow={row}
        aria-valuetext={describeRow(map, row)}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onPointerMove={(event) => setUnder(cellUnder(event))}
        onPointerLeave={() => setUnder(null)}
        onPointerDown={(event) => onRow(cellUnder(event).row)}
      >
        <div className={styles.clip}>
          <canvas
            ref={canvas}
            width={map.size}
            height={map.size}
            // The last cell may reach beyond the last token.
            style={{ width: `${(100 * visible) / tokens}%`, height: `${(100 * visible) / tokens}%` }}
          />
        </div>
        <svg viewBox={`0 0 ${tokens} ${tokens}`} preserveAspectRatio="none" aria-hidden>
          <TextBands map={map} />
          {arrows.map(({ fraction, colour }) => (
            <ArrowEdge key={fraction} map={map} fraction={fraction} colour={colour} />
          ))}
          <rect className={styles.row} x={0} y={row * map.cell} width={tokens} height={map.cell} />
        </svg>
      </div>
      <p className={styles.readout} aria-hidden>
        {under === null
          ? `${describeRow(map, row)} looks along the marked row`
          : `${describeRow(map, under.row)} → ${describeRow(map, under.column)}: ${formatNumber(map.values[under.row * map.size + under.column])} per token`}
      </p>
    </div>
  );
}

function TextBands({ map }: { readonly map: AttentionMapReply }) {
  const { text, image, order } = map.layout;
  if (text === 0 || image === 0) return null;
  const border = order === 'text-first' ? text : image;
  const tokens = text + image;
  return <path className={styles.border} d={`M${border} 0V${tokens}M0 ${border}H${tokens}`} />;
}

interface ArrowEdgeProps {
  readonly map: AttentionMapReply;
  readonly fraction: number;
  readonly colour: string;
}

function ArrowEdge({ map, fraction, colour }: ArrowEdgeProps) {
  const { layout, block, overlays } = map;
  const rows = overlays.find((overlay) => overlay.fraction === fraction)?.rows;
  const path = useMemo(() => arrowOutline(rows ?? [], block[0], layout.text + layout.image), [rows, block, layout]);
  return (
    <>
      <path className={styles.casing} d={path} style={{ stroke: inkOver(colour) }} />
      <path className={styles.edge} d={path} style={{ stroke: colour }} />
    </>
  );
}

/** "text token 4", "row 3, column 17". */
export function describeRow(map: AttentionMapReply, row: number): string {
  const place = rowPlace(map, row);
  if (place.kind === 'text') return `text token ${place.token}`;
  const several = map.cell > 1 && imageBegin(map) <= row * map.cell ? ' and beside' : '';
  return `row ${place.row}, column ${place.column}${several}`;
}
