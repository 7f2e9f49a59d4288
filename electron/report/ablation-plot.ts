import type { MeasuredTable } from '../../calibration/index.ts';
import { type Html, html } from './html.ts';

const WIDTH = 760;
const HEIGHT = 470;
const PLOT = { left: 64, right: 24, top: 40, bottom: 78 } as const;
/** After the Okabe–Ito palette: told apart with any colour vision, and by their marks. */
const SERIES = [
  { colour: '#0072b2', mark: 'M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z', label: { x: 8, y: -7, anchor: 'start' } },
  { colour: '#d55e00', mark: 'M-4.5 -4.5h9v9h-9z', label: { x: 8, y: 15, anchor: 'start' } },
  { colour: '#009e73', mark: 'M0 -6L5.5 4.5H-5.5z', label: { x: -8, y: 15, anchor: 'end' } },
  { colour: '#aa4499', mark: 'M0 -6L6 0L0 6L-6 0z', label: { x: -8, y: -7, anchor: 'end' } },
] as const;

interface Point {
  readonly label: string;
  /** Percent of attention left out. */
  readonly x: number;
  readonly y: number;
}

interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
}

/** Attention left out against SSIM, one series per table: an SVG that stands alone. Empty axes where nothing is made yet. */
export function ablationPlot(tables: readonly MeasuredTable[], title: string): string {
  const series = tables.map(({ title: name, varies, rows }) => ({
    name,
    // Only numbers have an order that a line could follow.
    isConnected: isNumber(varies),
    points: rows.flatMap(({ label, result }) =>
      result === null ? [] : [{ label: namedBy(varies, label), x: result.sparsity * 100, y: result.ssim }],
    ),
  }));
  const all = series.flatMap(({ points }) => points);
  const x = axisOf(
    all.map((point) => point.x),
    0,
    100,
  );
  const y = axisOf(
    all.map((point) => point.y),
    -1,
    1,
  );
  const place = (point: Pick<Point, 'x' | 'y'>) => ({ left: across(point.x, x), top: down(point.y, y) });
  return `${
    html`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="12">
<title>${title}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
<text x="${PLOT.left}" y="22" font-size="14" font-weight="600" fill="#1b2733">${title}</text>
${grid(x, y)}
${series.map(({ points, isConnected }, n) => drawSeries(points, n, isConnected, place))}
${legend(series.map(({ name }) => name))}
</svg>`.markup
  }\n`;
}

function drawSeries(
  points: readonly Point[],
  n: number,
  isConnected: boolean,
  place: (point: Point) => { readonly left: number; readonly top: number },
): Html {
  const { colour, mark, label } = SERIES[n % SERIES.length]!;
  const line = points
    .toSorted((a, b) => a.x - b.x)
    .map((point) => `${fixed(place(point).left)},${fixed(place(point).top)}`)
    .join(' ');
  const path = html`<polyline points="${line}" fill="none" stroke="${colour}" stroke-opacity="0.4" stroke-width="1.5"/>`;
  return html`<g fill="${colour}">${isConnected ? path : null}
${points.map((point) => {
  const { left, top } = place(point);
  const { x, anchor } = besideMark(left, point.label, label);
  return html`<g transform="translate(${fixed(left)} ${fixed(top)})"><path d="${mark}" stroke="#fff"/><text x="${x}" y="${label.y}" text-anchor="${anchor}" font-size="11">${point.label}</text><title>${point.label}: ${point.x.toFixed(1)} % left out, SSIM ${point.y.toFixed(4)}</title></g>`;
})}</g>`;
}

interface LabelPlace {
  readonly x: number;
  readonly anchor: 'start' | 'end';
}

/** About what a character of a label takes. */
const CHARACTER = 6.2;

/** On its series' side of the mark, unless it would leave the picture there. */
function besideMark(left: number, label: string, { x, anchor }: LabelPlace): LabelPlace {
  const width = Math.abs(x) + label.length * CHARACTER;
  if (anchor === 'start' && left + width > WIDTH) return { x: -x, anchor: 'end' };
  if (anchor === 'end' && left - width < 0) return { x: -x, anchor: 'start' };
  return { x, anchor };
}

function grid(x: Axis, y: Axis): Html {
  const [bottom, right] = [HEIGHT - PLOT.bottom, WIDTH - PLOT.right];
  return html`<g stroke="#dde3e8">${x.ticks.map((tick) => html`<path d="M${fixed(across(tick, x))} ${PLOT.top}V${bottom}"/>`)}${y.ticks.map((tick) => html`<path d="M${PLOT.left} ${fixed(down(tick, y))}H${right}"/>`)}</g>
<g fill="#4a5a68"><g text-anchor="middle">${x.ticks.map((tick) => html`<text x="${fixed(across(tick, x))}" y="${bottom + 18}">${trimmed(tick)} %</text>`)}<text x="${(PLOT.left + right) / 2}" y="${bottom + 38}">attention left out</text></g>
<g text-anchor="end">${y.ticks.map((tick) => html`<text x="${PLOT.left - 8}" y="${fixed(down(tick, y) + 4)}">${trimmed(tick)}</text>`)}</g><text transform="translate(16 ${(PLOT.top + bottom) / 2}) rotate(-90)" text-anchor="middle">SSIM</text></g>`;
}

function legend(names: readonly string[]): Html {
  const pitch = 160;
  return html`<g fill="#1b2733">${names.map((name, n) => {
    const { colour, mark } = SERIES[n % SERIES.length]!;
    return html`<g transform="translate(${PLOT.left + 8 + n * pitch} ${HEIGHT - 16})"><path d="${mark}" fill="${colour}"/><text x="12" y="4">${name}</text></g>`;
  })}</g>`;
}

/** A number by what it is of: "δ 0.2"; words say it themselves. */
function namedBy(varies: string, label: string): string {
  return isNumber(varies) ? `${varies} ${label}` : label;
}

/** δ and c; the other tables vary what has words. */
function isNumber(varies: string): boolean {
  return varies.length === 1;
}

/** Room around the values, at round numbers, within what they can be. */
function axisOf(values: readonly number[], least: number, most: number): Axis {
  if (values.length === 0) return { low: Math.max(0, least), high: most, ticks: [Math.max(0, least), most] };
  const [smallest, largest] = [Math.min(...values), Math.max(...values)];
  const step = roundStep(Math.max(largest - smallest, (most - least) / 200) / 8);
  const low = Math.max(least, Math.floor(smallest / step - 0.5) * step);
  const high = Math.min(most, Math.ceil(largest / step + 0.5) * step);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return { low, high, ticks: Array.from({ length: count }, (_, n) => (first + n) * step) };
}

/** 1, 2 or 5 times a power of ten, at least as large. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return ([1, 2, 5, 10].find((factor) => factor * power >= step * (1 - 1e-9)) ?? 10) * power;
}

function across(value: number, { low, high }: Axis): number {
  return PLOT.left + ((value - low) / (high - low)) * (WIDTH - PLOT.left - PLOT.right);
}

function down(value: number, { low, high }: Axis): number {
  return HEIGHT - PLOT.bottom - ((value - low) / (high - low)) * (HEIGHT - PLOT.top - PLOT.bottom);
}

function fixed(value: number): string {
  return value.toFixed(1);
}

function trimmed(value: number): string {
  return String(Number(value.toPrecision(6)));
}
