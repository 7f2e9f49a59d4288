import { useMemo } from 'react';
import type { Calibration, Pin, Solved } from '../../../electron/contract.ts';
import { methodLooks } from '../../../electron/contract/method-looks.ts';
import type { Cell, CellAxis } from '../../plots/cell-map.tsx';
import type { MarkedCells } from '../../plots/cell-marks.ts';
import { layerLabel } from '../../plots/layer-label.ts';
import { type LogRange, logRange, logTicks } from '../../plots/log-colours.ts';
import type { Selection } from '../../state/selection-slice.ts';
import { methodPixels, scalePixels } from './cell-pixels.ts';
import { type MapColour, type MapKind, type MapShape, mapMatrix, mapShape, placeOf } from './map-matrix.ts';
import { pinOf } from './pinning.ts';

export interface HeatmapInput {
  readonly calibration: Calibration;
  readonly solved: Solved;
  readonly pins: readonly Pin[];
  readonly kind: MapKind;
  readonly colour: MapColour;
  readonly selection: Selection;
}

export interface Heatmap extends Pick<MapShape, 'columns' | 'rows'> {
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  readonly x: CellAxis;
  readonly y: CellAxis;
  readonly marks: MarkedCells | null;
  readonly pinned: readonly Cell[];
  /** What the sequential colours mean; null where colours are methods. */
  readonly scale: { readonly title: string; readonly ticks: readonly { at: number; label: string }[] } | null;
}

/** Shares of heads, for maps of whole layers. */
const SHARES: LogRange = { min: 0, max: 1 };

/** The figure; each part is made anew only when what it shows has changed. */
export function useHeatmap({ calibration, solved, pins, kind, colour, selection }: HeatmapInput): Heatmap {
  const range = useTableRange(calibration, kind);
  // Of the selection, a map depends only on what it does not span.
  const fixedStep = kind === 'heads-layers' ? selection.step : 0;
  const fixedLayer = kind === 'steps-heads' ? selection.layer : 0;
  const fixed = useMemo(() => ({ step: fixedStep, layer: fixedLayer, head: 0 }), [fixedStep, fixedLayer]);
  // RSE of a fixed method does not depend on the plan.
  const plan = colour.startsWith('rse:') ? NO_PLAN : solved.plan;
  const looks = useMemo(() => methodLooks(calibration.methods), [calibration.methods]);
  const painted = useMemo(() => {
    const matrix = mapMatrix(calibration, plan, kind, colour, fixed, range);
    if (colour !== 'chosen') return { pixels: scalePixels(matrix, range), marks: null };
    if (kind === 'steps-layers') return { pixels: scalePixels(matrix, SHARES), marks: null };
    const marks = looks.some(({ half, plus }) => half ?? plus) ? { matrix, looks } : null;
    return { pixels: methodPixels(matrix, looks), marks };
  }, [calibration, plan, kind, colour, fixed, range, looks]);
  const pinned = useMemo(() => pinnedCells(calibration, kind, pins, fixed), [calibration, kind, pins, fixed]);
  const frame = useMemo(() => frameOf(calibration, kind), [calibration, kind]);
  const scale = useMemo(() => scaleOf(kind, colour, range), [kind, colour, range]);
  return { ...frame, ...painted, pinned, scale };
}

const NO_PLAN = new Uint8Array();

/** One scale for the whole table, so that a colour means the same at every step; sums over heads have their own. */
function useTableRange(calibration: Calibration, kind: MapKind): LogRange {
  return useMemo(() => {
    const { min, max } = logRange(calibration.rse);
    const heads = kind === 'steps-layers' ? Math.log10(calibration.heads) : 0;
    return { min: min + heads / 2, max: max + heads };
  }, [calibration, kind]);
}

function frameOf(calibration: Calibration, kind: MapKind) {
  const { columns, rows, x, y } = mapShape(kind, calibration);
  const axis = (what: MapShape['x'], count: number): CellAxis => ({
    title: what,
    labels: Array.from({ length: count }, (_, n) =>
      what === 'layer' ? layerLabel(calibration.layers[n]!) : String(n),
    ),
  });
  return { columns, rows, x: axis(x, columns), y: axis(y, rows) };
}

function scaleOf(kind: MapKind, colour: MapColour, range: LogRange): Heatmap['scale'] {
  if (colour === 'chosen') {
    if (kind !== 'steps-layers') return null;
    return { title: 'heads not full', ticks: [0, 0.5, 1].map((at) => ({ at, label: `${at * 100} %` })) };
  }
  const { values, labels } = logTicks(range);
  const at = (power: number) => (power - range.min) / (range.max - range.min);
  return {
    title: kind === 'steps-layers' ? 'Σ RSE' : 'RSE',
    ticks: values.map((power, n) => ({ at: at(power), label: labels[n]! })),
  };
}

function pinnedCells(calibration: Calibration, kind: MapKind, pins: readonly Pin[], selection: Selection): Cell[] {
  if (pins.length === 0 || kind === 'steps-layers') return [];
  const { columns, rows } = mapShape(kind, calibration);
  const cells: Cell[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (pinOf(pins, placeOf(kind, column, row, selection)) !== null) cells.push({ column, row });
    }
  }
  return cells;
}
