import type { Data, Layout } from 'plotly.js-cartesian-dist-min';
import { useMemo } from 'react';
import type { Calibration, Pin, Solved } from '../../../electron/contract.ts';
import { type LogRange, logRange } from '../../plots/log-colours.ts';
import type { Selection } from '../../state/selection-slice.ts';
import { heatmapLayout, heatmapTrace, pinMarks } from './heatmap-figure.ts';
import { type MapColour, type MapKind, mapMatrix, mapShape, placeOf } from './map-matrix.ts';
import { pinOf } from './pinning.ts';

export interface HeatmapInput {
  readonly calibration: Calibration;
  readonly solved: Solved;
  readonly pins: readonly Pin[];
  readonly kind: MapKind;
  readonly colour: MapColour;
  readonly selection: Selection;
}

/** The figure; each part is made anew only when what it shows has changed. */
export function useHeatmap({ calibration, solved, pins, kind, colour, selection }: HeatmapInput): {
  data: readonly Data[];
  layout: Partial<Layout>;
} {
  const range = useTableRange(calibration, kind);
  // Of the selection, a map depends only on what it does not span.
  const fixedStep = kind === 'heads-layers' ? selection.step : 0;
  const fixedLayer = kind === 'steps-heads' ? selection.layer : 0;
  const fixed = useMemo(() => ({ step: fixedStep, layer: fixedLayer, head: 0 }), [fixedStep, fixedLayer]);
  // RSE of a fixed method does not depend on the plan.
  const plan = colour.startsWith('rse:') ? NO_PLAN : solved.plan;
  const trace = useMemo(() => {
    const z = mapMatrix(calibration, plan, kind, colour, fixed, range);
    return heatmapTrace(z, calibration, kind, colour, range);
  }, [calibration, plan, kind, colour, fixed, range]);
  const marks = useMemo(() => pinMarks(pinnedCells(calibration, kind, pins, fixed)), [calibration, kind, pins, fixed]);
  const data = useMemo(() => [trace, marks], [trace, marks]);
  const layout = useMemo(() => heatmapLayout(calibration, kind, selection), [calibration, kind, selection]);
  return { data, layout };
}

const NO_PLAN = new Uint8Array();

/** One scale for the whole table, so that a colour means the same at every step; sums over heads have their own. */
export function useTableRange(calibration: Calibration, kind: MapKind): LogRange {
  return useMemo(() => {
    const { min, max } = logRange(calibration.rse);
    const heads = kind === 'steps-layers' ? Math.log10(calibration.heads) : 0;
    return { min: min + heads / 2, max: max + heads };
  }, [calibration, kind]);
}

function pinnedCells(calibration: Calibration, kind: MapKind, pins: readonly Pin[], selection: Selection) {
  if (pins.length === 0 || kind === 'steps-layers') return [];
  const { columns, rows } = mapShape(kind, calibration);
  const cells: { column: number; row: number }[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (pinOf(pins, placeOf(kind, column, row, selection)) !== null) cells.push({ column, row });
    }
  }
  return cells;
}
