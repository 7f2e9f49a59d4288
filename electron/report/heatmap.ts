import { type Html, html } from './html.ts';
import { type LayerGroup, layerAxis } from './layer-axis.ts';
import type { Tile } from './method-paint.ts';

export interface Heatmap {
  /** For the script, and for the hatch of cells without a value. */
  readonly id: string;
  /** What a screen reader says of it. */
  readonly label: string;
  readonly layers: readonly string[];
  readonly heads: number;
  /** Patterns that cells are filled with. */
  readonly patterns?: readonly Html[];
  readonly cell: (layer: number, head: number) => HeatmapCell;
}

export interface HeatmapCell {
  /** Colour or pattern, or null for a cell that has no value: it is hatched. */
  readonly fill: string | null;
  /** A few characters over the colour. */
  readonly mark?: { readonly text: string; readonly needsDark: boolean };
}

const GUTTER_LEFT = 30;
const GUTTER_BOTTOM = 40;
/** Room for the names of narrow layer groups at the right end. */
const GUTTER_RIGHT = 8;
const MARK_FROM_CELL = 17;
const AXIS_SPACING = 19;

/** Head (rows) × layer (columns) as SVG; cells come layer by layer, and the script recolours them in that order. */
export function renderHeatmap({ id, label, layers, heads, patterns = [], cell }: Heatmap): Html {
  const size = cellSize(layers.length, heads);
  const axis = layerAxis(layers);
  const width = GUTTER_LEFT + layers.length * size + GUTTER_RIGHT;
  const height = heads * size + GUTTER_BOTTOM;
  const cells: Html[] = [];
  const marks: Html[] = [];
  for (let layer = 0; layer < layers.length; layer++) {
    for (let head = 0; head < heads; head++) {
      const { fill, mark } = cell(layer, head);
      const x = GUTTER_LEFT + layer * size;
      const y = head * size;
      const paint = fill ?? `url(#${id}-none)`;
      cells.push(html`<rect x="${x}" y="${y}" width="${size - 1}" height="${size - 1}" rx="1.5" fill="${paint}"/>`);
      if (mark !== undefined && size >= MARK_FROM_CELL) {
        const tone = mark.needsDark ? 'dark' : 'light';
        marks.push(html`<text x="${x + (size - 1) / 2}" y="${y + size / 2 + 3}" class="${tone}">${mark.text}</text>`);
      }
    }
  }
  const every = Math.ceil(AXIS_SPACING / size);
  return html`<div class="scroll">
<svg id="${id}" class="heatmap" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="application"
 tabindex="0" aria-roledescription="heatmap" aria-label="${label}" aria-describedby="readout" data-size="${size}" data-left="${GUTTER_LEFT}">
<defs><pattern id="${id}-none" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect width="5" height="5" class="hatch-ground"/><rect width="1.5" height="5" class="hatch-line"/></pattern>${patterns}</defs>
<g class="axis" text-anchor="end">${axisTicks(heads, every).map(
    (head) => html`<text x="${GUTTER_LEFT - 7}" y="${head * size + size / 2 + 3.5}">${head}</text>`,
  )}</g>
<g class="axis" text-anchor="middle">${axisTicks(layers.length, every).map(
    (layer) =>
      html`<text x="${GUTTER_LEFT + layer * size + size / 2}" y="${heads * size + 14}">${axis.labels[layer]}</text>`,
  )}</g>
${axis.groups.map((group) => groupLabel(group, size, heads * size))}
<g class="cells">${cells}</g>
<g class="marks" text-anchor="middle">${marks}</g>
<rect class="cursor" width="${size + 1}" height="${size + 1}" x="-99" y="-99" rx="2"/>
</svg></div>`;
}

function groupLabel({ name, first, count }: LayerGroup, size: number, bottom: number): Html {
  const x = GUTTER_LEFT + first * size;
  const width = count * size - 1;
  return html`<svg x="${x}" y="${bottom + 18}" width="${width - 3}" height="22" class="group">
<rect width="${width}" height="1.5" y="1" rx="0.75"/><text x="0" y="15">${name}</text><title>${name}</title></svg>`;
}

/** Where a map's cells lie, and whether they have room for text. */
export function cellTile(id: string, layers: number, heads: number): Tile {
  const size = cellSize(layers, heads);
  return { id, left: GUTTER_LEFT, size, showPlus: size < MARK_FROM_CELL };
}

/** Pixels per cell: as large as the page has room for, never too small to point at. */
function cellSize(layers: number, heads: number): number {
  return Math.max(9, Math.min(40, Math.floor(530 / layers), Math.floor(400 / heads)));
}

function axisTicks(count: number, every: number): readonly number[] {
  return Array.from({ length: Math.ceil(count / every) }, (_, index) => index * every);
}
