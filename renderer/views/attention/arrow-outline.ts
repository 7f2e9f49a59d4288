/** Kept key ranges [begin, end) of one block of query rows, in tokens, sorted and not touching. */
export type KeptRow = readonly (readonly [number, number])[];

/**
 * The border of what an arrow keeps as an SVG path in token coordinates, keys to the right and queries down: a staircase
 * on whole blocks. `blockRows` queries share a row; the last one may be cut by `tokens`.
 */
export function arrowOutline(rows: readonly KeptRow[], blockRows: number, tokens: number): string {
  const parts: string[] = [];
  let above: KeptRow = [];
  for (const [index, row] of rows.entries()) {
    const top = index * blockRows;
    const bottom = Math.min(top + blockRows, tokens);
    for (const [begin, end] of differences(above, row)) parts.push(`M${begin} ${top}H${end}`);
    for (const x of row.flat()) parts.push(`M${x} ${top}V${bottom}`);
    above = row;
  }
  for (const [begin, end] of above) parts.push(`M${begin} ${tokens}H${end}`);
  return parts.join('');
}

/** Stretches that are in one of two sorted lists of ranges and not in the other. */
function differences(a: KeptRow, b: KeptRow): readonly (readonly [number, number])[] {
  const edges = [...a.flat(), ...b.flat()].sort((left, right) => left - right);
  const found: [number, number][] = [];
  for (let n = 0; n + 1 < edges.length; n++) {
    const begin = edges[n]!;
    const end = edges[n + 1]!;
    if (begin === end || covers(a, begin) === covers(b, begin)) continue;
    const last = found.at(-1);
    if (last && last[1] === begin) last[1] = end;
    else found.push([begin, end]);
  }
  return found;
}

function covers(ranges: KeptRow, token: number): boolean {
  return ranges.some(([begin, end]) => begin <= token && token < end);
}
