import {
  HALF_PATH,
  MARK_SIZE,
  type MethodLook,
  methodLooks,
  needsDarkInk,
  PLUS_PATH,
  PLUS_WIDTH,
} from '../contract/method-looks.ts';
import { methodLabel, readMethod } from '../contract/methods.ts';
import { type Html, html } from './html.ts';

/** A method as the report's drawings show it. */
export interface MethodPaint {
  readonly name: string;
  /** For people. */
  readonly label: string;
  readonly look: MethodLook;
  /** In a few characters, for cells with room: what is shared is told by the colours alone. */
  readonly mark: string;
  /** Whether text over it reads better dark than white. */
  readonly needsDark: boolean;
}

export function paintMethods(methods: readonly string[]): readonly MethodPaint[] {
  const looks = methodLooks(methods);
  return methods.map((name, n) => {
    const look = looks[n]!;
    return {
      name,
      label: methodLabel(name),
      look,
      mark: markOf(name),
      needsDark: needsDarkInk(look.half ?? look.colour),
    };
  });
}

/** "", "8", "8+", "c". */
function markOf(name: string): string {
  const method = readMethod(name);
  if (method === null) return name.slice(0, 2);
  if (method.kind === 'arrow') return `${method.fraction}${method.residual ? '+' : ''}`;
  return method.kind === 'cached' ? 'c' : '';
}

export interface Tile {
  /** Prefix of the patterns' ids: unique within the page. */
  readonly id: string;
  readonly left: number;
  readonly size: number;
  /** Whether a residual's plus sign is drawn; not where text says it. */
  readonly showPlus: boolean;
}

/** What an area of each method is filled with: its colour, or one of `renderPatterns`. */
export function fillsOf(paints: readonly MethodPaint[], { id, showPlus }: Tile): readonly string[] {
  return paints.map(({ look }, n) => (look.half || (look.plus && showPlus) ? `url(#${id}-${n})` : look.colour));
}

export function renderPatterns(paints: readonly MethodPaint[], tile: Tile): readonly Html[] {
  const { id, left, size, showPlus } = tile;
  const fills = fillsOf(paints, tile);
  return paints.flatMap(({ look }, n) =>
    fills[n] === look.colour
      ? []
      : [
          html`<pattern id="${id}-${n}" x="${left}" width="${size}" height="${size}" patternUnits="userSpaceOnUse" viewBox="0 0 ${MARK_SIZE} ${MARK_SIZE}">${renderLook(look, showPlus)}</pattern>`,
        ],
  );
}

/** In a square of MARK_SIZE. */
export function renderLook({ colour, half, plus }: MethodLook, showPlus = true): Html {
  return html`<rect width="${MARK_SIZE}" height="${MARK_SIZE}" fill="${colour}"/>${half && html`<path d="${HALF_PATH}" fill="${half}"/>`}${plus && showPlus ? html`<path d="${PLUS_PATH}" stroke="${plus}" stroke-width="${PLUS_WIDTH}"/>` : null}`;
}
