import type { Calibration, Solved } from '../../../electron/contract.ts';
import { hasVariants, methodLabel } from '../../../electron/contract/methods.ts';
import type { Tuning } from '../../state/tuning.ts';
import { CellTable } from './cell-table.tsx';
import styles from './hover-card.module.css';
import { cellNumbers, type Place } from './map-matrix.ts';
import { pinOf } from './pinning.ts';
import { placeLabel } from './place-label.ts';
import { RseGrid } from './rse-grid.tsx';

interface HoverCardProps {
  readonly place: Place;
  /** Of the pointer, in the map's own pixels. */
  readonly x: number;
  readonly y: number;
  readonly calibration: Calibration;
  readonly solved: Solved;
  readonly tuning: Tuning;
}

/** What is under the pointer. */
export function HoverCard({ place, x, y, calibration, solved, tuning }: HoverCardProps) {
  const pinned = pinOf(tuning.pins, place);
  const numbers = cellNumbers(calibration, solved, place);
  const broad = hasVariants(calibration.methods);
  // Towards the side where there is room, so that it never covers the cell.
  const side = {
    left: `min(${x + 16}px, calc(100% - var(--width) - 10px))`,
    ...(y > 220 ? { bottom: `calc(100% - ${y - 12}px)` } : { top: y + 16 }),
  };
  return (
    <div className={`${styles.hover} ${broad ? styles.broad : ''}`} style={side} aria-hidden>
      <p className={styles.where}>{placeLabel(calibration, place)}</p>
      {broad ? <RseGrid numbers={numbers} /> : <CellTable numbers={numbers} delta={tuning.delta} />}
      {pinned && <p>Pinned by hand: {methodLabel(pinned.method)}</p>}
    </div>
  );
}
