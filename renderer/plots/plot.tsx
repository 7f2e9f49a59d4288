import type { Config, Data, Layout, PlotMouseEvent } from 'plotly.js-cartesian-dist-min';
import { newPlot, Plots, purge, react } from 'plotly.js-cartesian-dist-min';
import { useEffect, useMemo, useRef } from 'react';
import { useIsDark } from '../design/theme.ts';
import styles from './plot.module.css';

interface PlotProps {
  /** What the picture shows, for those who cannot see it. */
  readonly label: string;
  /** The same objects for the same picture: a new one is drawn anew. */
  readonly data: readonly Data[];
  readonly layout: Partial<Layout>;
  readonly onClick?: (event: PlotMouseEvent) => void;
  readonly onHover?: (event: PlotMouseEvent | null) => void;
}

const CONFIG: Partial<Config> = { displaylogo: false, responsive: false, displayModeBar: false };

/** Plotly behind one element: draws when `data` or `layout` change, follows the element's size and the theme. */
export function Plot({ label, data, layout, onClick, onHover }: PlotProps) {
  const element = useRef<HTMLDivElement>(null);
  const handlers = useRef({ onClick, onHover });
  handlers.current = { onClick, onHover };
  const dark = useIsDark();
  // Reading tokens makes the browser compute styles: once per theme, not per repaint.
  const theme = useMemo(() => themed(dark), [dark]);

  useEffect(() => {
    const target = element.current!;
    const drawn = newPlot(target, [], {}, CONFIG).then((plot) => {
      plot.on('plotly_click', (event) => handlers.current.onClick?.(event));
      plot.on('plotly_hover', (event) => handlers.current.onHover?.(event));
      plot.on('plotly_unhover', () => handlers.current.onHover?.(null));
    });
    const observer = new ResizeObserver(() => {
      // A hidden tab has no size; it is measured again when it is shown.
      if (target.clientWidth > 0) void drawn.then(() => Plots.resize(target));
    });
    observer.observe(target);
    return () => {
      observer.disconnect();
      void drawn.then(() => purge(target));
    };
  }, []);

  useEffect(() => {
    const axes = { xaxis: { ...theme.xaxis, ...layout.xaxis }, yaxis: { ...theme.yaxis, ...layout.yaxis } };
    void react(element.current!, [...data], { ...theme, ...layout, ...axes }, CONFIG);
  }, [data, layout, theme]);

  return <div ref={element} className={styles.plot} role="img" aria-label={label} />;
}

/** Plotly takes colours as they are, so the tokens are read from the page. */
function themed(dark: boolean): Partial<Layout> {
  const token = (name: string, fallback: string) => resolveToken(name, dark) ?? fallback;
  const line = token('--line', dark ? '#323b46' : '#d3dae1');
  // Labels are not measured one by one to see whether they stick out: that takes half the time of a repaint.
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, ticklabeloverflow: 'allow' } as const;
  return {
    paper_bgcolor: 'transparent',
    plot_bgcolor: 'transparent',
    font: { family: 'system-ui, sans-serif', size: 12, color: token('--text-muted', dark ? '#a5b1bd' : '#4d5b69') },
    xaxis: axis,
    yaxis: axis,
    margin: { l: 56, r: 16, t: 16, b: 44 },
  };
}

/** One side of a token's `light-dark()`. */
function resolveToken(name: string, dark: boolean): string | null {
  const value = getComputedStyle(document.documentElement).getPropertyValue(name);
  const sides = /light-dark\(([^,]+),([^)]+)\)/.exec(value);
  return sides ? sides[dark ? 2 : 1]!.trim() : value.trim() || null;
}
