import { MARK_SIZE } from '../contract/method-looks.ts';
import { type Html, html } from './html.ts';
import { fillsOf, type MethodPaint, renderPatterns, type Tile } from './method-paint.ts';
import { percent } from './numbers.ts';
import type { ReportPlan } from './report-data.ts';

const HEIGHT = 150;
const LEFT = 40;
const BOTTOM = 26;

/** Share of heads per method: `[step][method]`, each step summing to 1. */
export function methodShares({ methods, choices }: ReportPlan): readonly (readonly number[])[] {
  return choices.map((layers) => {
    const counts = methods.map(() => 0);
    let heads = 0;
    for (const choice of layers.flat()) {
      counts[choice] = (counts[choice] ?? 0) + 1;
      heads++;
    }
    return counts.map((count) => count / heads);
  });
}

/** Stacked bars, one per step: how many heads do what as denoising goes on. */
export function renderMethodShares(plan: ReportPlan, paints: readonly MethodPaint[]): Html {
  const tile: Tile = { id: 'shares-method', left: LEFT, size: MARK_SIZE, showPlus: true };
  const fills = fillsOf(paints, tile);
  const shares = methodShares(plan);
  const pitch = Math.max(12, Math.min(44, Math.floor(960 / shares.length)));
  const width = LEFT + shares.length * pitch;
  const every = Math.ceil(22 / pitch);
  const bars = shares.flatMap((share, step) => {
    let top = 0;
    return share.map((part, method) => {
      const y = top;
      top += part * HEIGHT;
      if (part === 0) return null;
      return html`<rect x="${LEFT + step * pitch}" y="${y.toFixed(2)}" width="${pitch - 2}" height="${(part * HEIGHT).toFixed(2)}" fill="${fills[method]}"><title>step ${step}: ${paints[method]?.label} ${percent(part)}</title></rect>`;
    });
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Methods by step, scrollable">
<svg id="shares" width="${width}" height="${HEIGHT + BOTTOM}" viewBox="0 0 ${width} ${HEIGHT + BOTTOM}" role="img"
 aria-label="Share of heads per method at every step" data-pitch="${pitch}" data-left="${LEFT}">
<defs>${renderPatterns(paints, tile)}</defs>
<g class="axis" text-anchor="end">${[0, 50, 100].map((value) => html`<text x="${LEFT - 8}" y="${HEIGHT - (value / 100) * HEIGHT + (value === 100 ? 10 : value === 0 ? 0 : 4)}">${value}%</text>`)}</g>
${bars}
<g class="axis" text-anchor="middle">${shares.map((_, step) => (step % every === 0 ? html`<text x="${LEFT + step * pitch + pitch / 2 - 1}" y="${HEIGHT + 16}">${step}</text>` : null))}</g>
<rect class="cursor" y="-1" width="${pitch}" height="${HEIGHT + 2}" x="${LEFT - 1}" rx="2"/></svg></div>`;
}
