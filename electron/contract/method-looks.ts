import { readMethod, windowFractions } from './methods.ts';

/**
 * How a method is drawn. The hue is its window's (grey: full, orange: cached). What it shares or adds is told by a mark and,
 * where a cell has no room for one, by lightness.
 */
export interface MethodLook {
  /** Of all of it: no two of a table's usual methods are alike, with any colour vision. */
  readonly colour: string;
  /** Of its upper left half, where it shares guidance: half of the batch is computed. null: one colour. */
  readonly half: string | null;
  /** Of a plus sign over it, where it adds a residual; null: none. */
  readonly plus: string | null;
}

/** Paths of the marks in a square of MARK_SIZE. */
export const MARK_SIZE = 12;
export const HALF_PATH = 'M0 0H12L0 12Z';
export const PLUS_PATH = 'M6 2.6V9.4M2.6 6H9.4';
export const PLUS_WIDTH = 1.7;

const FULL = '#8f9aa5';
const CACHED = '#e69f00';
/** Wide to narrow; with the two above at least 7 apart (100 × OKLab), as seen with every kind of colour vision. */
const WINDOWS = ['#2348a8', '#6f7ff2', '#9fe3dc', '#8a3d78', '#d79bf0', '#4c5f2a'];
const OTHERS = ['#d55e00', '#f0e442', '#7a4a1e'];

/** In the order of `methods`; windows are coloured by their rank among them. */
export function methodLooks(methods: readonly string[]): readonly MethodLook[] {
  const windows = windowColours(methods);
  const others = methods.filter((name) => readMethod(name) === null);
  return methods.map((name) => {
    const method = readMethod(name);
    if (method === null) return plain(OTHERS[others.indexOf(name) % OTHERS.length]!);
    if (method.kind === 'cached') return plain(CACHED);
    const own = method.kind === 'full' ? FULL : windows.get(method.fraction)!;
    const residual = method.kind === 'arrow' && method.residual === true;
    const shared = method.sharesGuidance === true;
    return {
      colour: variant(own, shared, residual),
      half: shared ? own : null,
      plus: residual ? inkOver(own) : null,
    };
  });
}

/** By fraction, one hue per window: of a window's outline. */
export function windowColours(methods: readonly string[]): ReadonlyMap<number, string> {
  return new Map(windowFractions(methods).map((fraction, rank) => [fraction, windowColour(rank)]));
}

/** What is legible over a colour: for marks and letters. */
export function inkOver(colour: string): string {
  return needsDarkInk(colour) ? '#1c1d21' : '#ffffff';
}

export function needsDarkInk(colour: string): boolean {
  const [red, green, blue] = channels(colour);
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140;
}

/** Beyond the sixth window hues come again, ever greyer. */
function windowColour(rank: number): string {
  const again = Math.floor(rank / WINDOWS.length);
  return mix(WINDOWS[rank % WINDOWS.length]!, '#808080', 1 - 0.6 ** again);
}

function variant(own: string, shared: boolean, residual: boolean): string {
  if (residual) return mix(own, '#000000', shared ? 0.45 : 0.2);
  return shared ? mix(own, '#ffffff', 0.4) : own;
}

function plain(colour: string): MethodLook {
  return { colour, half: null, plus: null };
}

function mix(colour: string, other: string, share: number): string {
  const to = channels(other);
  const mixed = channels(colour).map((channel, n) => Math.round(channel + share * (to[n]! - channel)));
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}

function channels(colour: string): [number, number, number] {
  const at = (begin: number) => Number.parseInt(colour.slice(begin, begin + 2), 16);
  return [at(1), at(3), at(5)];
}
