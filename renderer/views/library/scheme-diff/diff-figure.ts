import type { Data, Layout } from 'plotly.js-cartesian-dist-min';
import type { SchemeDiff } from '../../../../electron/contract.ts';

/** Heads that differ per step and layer, as a fraction; the same scale for every pair of schemes. */
export function diffFigure({
  steps,
  layers,
  heads,
  changed,
}: Pick<SchemeDiff, 'steps' | 'layers' | 'heads' | 'changed'>) {
  const rows = layers.map((_, layer) =>
    Array.from({ length: steps }, (_, step) => changed[step * layers.length + layer]!),
  );
  const text = rows.map((row) => row.map((fraction) => `${Math.round(fraction * heads)} of ${heads} heads differ`));
  const data: Data[] = [
    {
      type: 'heatmap',
      z: rows,
      text: text as unknown as string[],
      customdata: layers.map((layer) => Array.from({ length: steps }, () => layer)) as unknown as string[],
      hovertemplate: 'step %{x}, layer %{y} (%{customdata})<br>%{text}<extra></extra>',
      zmin: 0,
      zmax: 1,
      colorscale: SCALE,
      xgap: steps * layers.length < 2500 ? 1 : 0,
      ygap: steps * layers.length < 2500 ? 1 : 0,
      colorbar: {
        title: { text: 'heads that differ', side: 'right' },
        tickformat: '.0%',
        thickness: 12,
        outlinewidth: 0,
      },
    },
  ];
  const layout: Partial<Layout> = {
    xaxis: { title: { text: 'step' }, showgrid: false, zeroline: false },
    yaxis: { title: { text: 'layer' }, autorange: 'reversed', showgrid: false, zeroline: false },
    margin: { l: 52, r: 8, t: 8, b: 42 },
  };
  return { data, layout };
}

/** From nearly nothing to strong, readable in light and dark; lightness alone tells the order. */
const SCALE: [number, string][] = [
  [0, 'rgba(128,140,152,0.16)'],
  [0.001, '#f4dca8'],
  [0.35, '#e69f00'],
  [0.7, '#c05a00'],
  [1, '#7a2400'],
];
