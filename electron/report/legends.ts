import { sortMethods } from '../contract/methods.ts';
import { type LogScale, SHADE_TABLE, shadeIndex } from './colours.ts';
import { Html, html } from './html.ts';
import { type MethodPaint, renderLook } from './method-paint.ts';
import { readable } from './numbers.ts';

const WIDTH = 300;
const BAR = 10;

/** The RSE scale: a bar with its decades, and a mark where the limit of a single head lies. */
export function renderScaleLegend(scale: LogScale, headLimit: number | null): Html {
  const step = WIDTH / SHADE_TABLE.length;
  const bars = SHADE_TABLE.map(
    (colour, index) =>
      `<rect x="${(index * step).toFixed(2)}" y="14" width="${(step + 0.3).toFixed(2)}" height="${BAR}" fill="${colour}"/>`,
  );
  const decades = Array.from({ length: scale.high - scale.low + 1 }, (_, index) => scale.low + index);
  const x = (decade: number): number => ((decade - scale.low) / (scale.high - scale.low)) * WIDTH;
  return html`<svg class="legend" width="${WIDTH + 40}" height="42" viewBox="-20 0 ${WIDTH + 40} 42" role="img"
 aria-label="Colour scale of RSE from ten to the power ${scale.low} to ten to the power ${scale.high}">
${new Html(bars.join(''))}
<g class="axis" text-anchor="middle">${decades.map(
    (decade) =>
      html`<text x="${x(decade)}" y="38">${decade >= -2 && decade <= 2 ? 10 ** decade : html`10<tspan dy="-4" class="power">${String(decade).replace('-', '−')}</tspan>`}</text>`,
  )}</g>${headLimit === null ? null : limitMark(headLimit, scale)}</svg>`;
}

function limitMark(limit: number, scale: LogScale): Html | null {
  const index = shadeIndex(limit, scale);
  if (index === null || limit <= 0) return null;
  const x = Math.min(WIDTH, Math.max(0, ((Math.log10(limit) - scale.low) / (scale.high - scale.low)) * WIDTH));
  return html`<g class="limit"><path d="M${x - 4} 5h8l-4 7z"/><text x="${x + 8}" y="11" class="${x > WIDTH * 0.6 ? 'before' : 'after'}">limit of a head ${readable(limit)}</text></g>`;
}

export function renderMethodLegend(paints: readonly MethodPaint[]): Html {
  const sorted = sortMethods(paints.map(({ name }) => name)).map(
    (wanted) => paints.find(({ name }) => name === wanted)!,
  );
  return html`<ul class="keys">${sorted.map(
    ({ label, look }) =>
      html`<li><svg class="key" width="12" height="12" aria-hidden="true">${renderLook(look)}</svg>${label}</li>`,
  )}</ul>`;
}
