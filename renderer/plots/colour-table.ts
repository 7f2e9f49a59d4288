import { SEQUENTIAL } from './log-colours.ts';

let table: Uint8Array | null = null;

/** 256 colours of the sequential scale, RGB. */
export function colourTable(): Uint8Array {
  table ??= makeTable();
  return table;
}

function makeTable(): Uint8Array {
  const stops = SEQUENTIAL.map(([at, colour]) => ({ at, rgb: parseHex(colour) }));
  const colours = new Uint8Array(256 * 3);
  for (let n = 0; n < 256; n++) {
    const at = n / 255;
    const next = Math.max(
      1,
      stops.findIndex((stop) => stop.at >= at),
    );
    const [from, to] = [stops[next - 1]!, stops[next]!];
    const share = (at - from.at) / (to.at - from.at);
    for (let channel = 0; channel < 3; channel++) {
      colours[n * 3 + channel] = Math.round(from.rgb[channel]! + share * (to.rgb[channel]! - from.rgb[channel]!));
    }
  }
  return colours;
}

function parseHex(colour: string): readonly number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}
