import type { Data, Layout } from 'plotly.js-cartesian-dist-min';
import type { SweepPoint } from '../../../electron/contract.ts';
import { paretoFront, type SweepColumn } from './sweep-metrics.ts';

/** Okabe–Ito, with a shape for each: told apart without colour too. */
const SERIES = [
  { color: '#0072b2', symbol: 'circle' },
  { color: '#e69f00', symbol: 'square' },
  { color: '#009e73', symbol: 'diamond' },
  { color: '#cc79a7', symbol: 'triangle-up' },
  { color: '#56b4e9', symbol: 'cross' },
  { color: '#d55e00', symbol: 'x' },
] as const;

export interface SweepFigure {
  readonly data: readonly Data[];
  readonly layout: Partial<Layout>;
}

/** Saving against quality, one series per c; a dashed line runs through the points that no other beats. */
export function sweepFigure(points: readonly SweepPoint[], saving: SweepColumn, quality: SweepColumn): SweepFigure {
  const drawable = points.filter((point) => isDrawable(saving.value(point)) && isDrawable(quality.value(point)));
  const constraints = [...new Set(drawable.map(({ headConstraint }) => headConstraint))].sort(
    (a, b) => (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY),
  );
  const series = constraints.map((c, n): Data => {
    const own = drawable.filter(({ headConstraint }) => headConstraint === c);
    const { color, symbol } = SERIES[n % SERIES.length]!;
    return {
      type: 'scatter',
      mode: 'markers',
      name: c === null ? 'no c' : `c = ${c}`,
      x: own.map((point) => saving.value(point)),
      y: own.map((point) => quality.value(point)),
      customdata: own.map(({ scheme }) => scheme),
      text: own.map(({ delta }) => `δ ${delta}, ${c === null ? 'no c' : `c ${c}`}`),
      hovertemplate: `%{text}<br>${saving.label}: %{x}<br>${quality.label}: %{y}<extra></extra>`,
      marker: { color, symbol, size: 10, line: { color: '#ffffff', width: 1 } },
    };
  });
  const front = paretoFront(drawable, saving, quality);
  const line: Data = {
    type: 'scatter',
    mode: 'lines',
    name: 'front',
    x: front.map((point) => saving.value(point)),
    y: front.map((point) => quality.value(point)),
    // Between two points nothing better than the right one was found.
    line: { color: '#8794a1', dash: 'dash', width: 1.5, shape: 'vh' },
    hoverinfo: 'skip',
  };
  return {
    data: [line, ...series],
    layout: {
      xaxis: { title: { text: saving.label }, ...(saving.key === 'sparsity' ? { tickformat: '.0%' } : {}) },
      yaxis: { title: { text: quality.label }, ...(quality.better === 'less' ? { autorange: 'reversed' } : {}) },
      showlegend: true,
      legend: { orientation: 'h', y: 1.08 },
      hovermode: 'closest',
      dragmode: false,
      margin: { l: 64, r: 16, t: 32, b: 48 },
    },
  };
}

function isDrawable(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}
