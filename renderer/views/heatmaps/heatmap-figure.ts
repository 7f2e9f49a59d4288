import type { Data, Layout, Shape } from 'plotly.js-cartesian-dist-min';
import type { Calibration } from '../../../electron/contract.ts';
import { layerLabel } from '../../plots/layer-label.ts';
import { type LogRange, logTicks, SEQUENTIAL } from '../../plots/log-colours.ts';
import { methodColours } from '../../plots/method-colours.ts';
import type { Selection } from '../../state/selection-slice.ts';
import { cellOf, type MapColour, type MapKind, type MapShape, mapShape } from './map-matrix.ts';

/** Cells are outlined by gaps where they are large enough to see; maps of FLUX size repaint faster without. */
const GAP_BELOW_CELLS = 1200;

export function heatmapTrace(
  z: Float32Array[],
  calibration: Calibration,
  kind: MapKind,
  colour: MapColour,
  range: LogRange,
): Data {
  const { columns, rows } = mapShape(kind, calibration);
  const gap = columns * rows <= GAP_BELOW_CELLS ? 1 : 0;
  return {
    type: 'heatmap',
    // Plotly's types know arrays only; it draws typed arrays as they are.
    z: z as unknown as number[][],
    hoverinfo: 'none',
    hoverongaps: true,
    xgap: gap,
    ygap: gap,
    ...colouring(calibration.methods, kind, colour, range),
  } as Data;
}

function colouring(methods: readonly string[], kind: MapKind, colour: MapColour, range: LogRange): Partial<Data> {
  if (colour !== 'chosen') {
    const { values, labels } = logTicks(range);
    const title = { text: kind === 'steps-layers' ? 'Σ RSE' : 'RSE', side: 'right' };
    const colorbar = { tickvals: values, ticktext: labels, thickness: 12, outlinewidth: 0, title };
    return { colorscale: SEQUENTIAL, zmin: range.min, zmax: range.max, colorbar } as Partial<Data>;
  }
  if (kind === 'steps-layers') {
    const title = { text: 'heads not full', side: 'right' };
    const colorbar = { tickformat: '.0%', thickness: 12, outlinewidth: 0, title };
    return { colorscale: SEQUENTIAL, zmin: 0, zmax: 1, colorbar } as Partial<Data>;
  }
  const colours = methodColours(methods);
  const steps = colours.flatMap((name, n) => [
    [n / colours.length, name],
    [(n + 1) / colours.length, name],
  ]);
  return { colorscale: steps, zmin: -0.5, zmax: colours.length - 0.5, showscale: false } as Partial<Data>;
}

/** Marks on the cells whose method was chosen by hand. */
export function pinMarks(cells: readonly { readonly column: number; readonly row: number }[]): Data {
  return {
    type: 'scatter',
    mode: 'markers',
    x: cells.map(({ column }) => column),
    y: cells.map(({ row }) => row),
    marker: { symbol: 'circle', size: 6, color: '#ffffff', line: { color: '#000000', width: 1.5 } },
    hoverinfo: 'skip',
    showlegend: false,
  };
}

const AXIS_TITLES: Readonly<Record<MapShape['x'], string>> = { layer: 'layer', step: 'step', head: 'head' };
/** Labels on an axis, at most. */
const TICKS = 30;

export function heatmapLayout(calibration: Calibration, kind: MapKind, selection: Selection): Partial<Layout> {
  const shape = mapShape(kind, calibration);
  const { column, row } = cellOf(kind, selection);
  return {
    xaxis: axis(shape.x, shape.columns, calibration),
    yaxis: { ...axis(shape.y, shape.rows, calibration), autorange: false, range: [shape.rows - 0.5, -0.5] },
    shapes: [outline(column, row, '#000000', 4), outline(column, row, '#ffffff', 2)],
    margin: { l: 56, r: 8, t: 8, b: 46 },
    dragmode: false,
    hovermode: 'closest',
  };
}

function axis(what: MapShape['x'], count: number, { layers }: Calibration): Partial<Layout['xaxis']> {
  const every = Math.ceil(count / TICKS);
  const tickvals = Array.from({ length: Math.ceil(count / every) }, (_, n) => n * every);
  const label = (n: number) => (what === 'layer' ? layerLabel(layers[n]!) : String(n));
  return {
    title: { text: AXIS_TITLES[what], standoff: 6 },
    tickvals,
    ticktext: tickvals.map(label),
    range: [-0.5, count - 0.5],
    fixedrange: true,
    showgrid: false,
    zeroline: false,
    ticks: '',
  };
}

/** Two of them, dark under light, show on every colour. */
function outline(column: number, row: number, color: string, width: number): Partial<Shape> {
  return {
    type: 'rect',
    x0: column - 0.5,
    x1: column + 0.5,
    y0: row - 0.5,
    y1: row + 0.5,
    line: { color, width },
    fillcolor: 'rgba(0,0,0,0)',
  };
}
