import fc from 'fast-check';
import { expect, it } from 'vitest';
import { arrowOutline, type KeptRow } from '../../../renderer/views/attention/arrow-outline.ts';

/** Unit steps of the path as "x,y-x,y", so that two ways to draw one line are the same. */
function unitSteps(path: string): Set<string> {
  const steps = new Set<string>();
  for (const [, x, y, direction, end] of path.matchAll(/M(\d+) (\d+)([HV])(\d+)/g)) {
    const [left, top, to] = [Number(x), Number(y), Number(end)];
    for (let at = direction === 'H' ? left : top; at < to; at++) {
      steps.add(direction === 'H' ? `${at},${top}-` : `${left},${at}|`);
    }
  }
  return steps;
}

/** Every side of a token pair that is kept on one side and not on the other. */
function borders(rows: readonly KeptRow[], blockRows: number, tokens: number): Set<string> {
  const kept = (query: number, key: number) =>
    query >= 0 &&
    query < tokens &&
    key >= 0 &&
    key < tokens &&
    rows[Math.floor(query / blockRows)]!.some(([begin, end]) => begin <= key && key < end);
  const steps = new Set<string>();
  for (let query = 0; query <= tokens; query++) {
    for (let key = 0; key <= tokens; key++) {
      if (key < tokens && kept(query, key) !== kept(query - 1, key)) steps.add(`${key},${query}-`);
      if (query < tokens && kept(query, key) !== kept(query, key - 1)) steps.add(`${key},${query}|`);
    }
  }
  return steps;
}

it('is the border between what is kept and what is not, for any ranges', () => {
  const tokens = fc.integer({ min: 1, max: 14 });
  const cuts = fc.uniqueArray(fc.nat(14), { maxLength: 4 });
  fc.assert(
    fc.property(
      tokens,
      fc.integer({ min: 1, max: 5 }),
      fc.array(cuts, { minLength: 14, maxLength: 14 }),
      (n, block, all) => {
        const rows = Array.from({ length: Math.ceil(n / block) }, (_, row): KeptRow => {
          const edges = all[row]!.filter((cut) => cut <= n).sort((a, b) => a - b);
          return Array.from(
            { length: edges.length >> 1 },
            (_unused, at) => [edges[2 * at]!, edges[2 * at + 1]!] as const,
          );
        });
        expect(unitSteps(arrowOutline(rows, block, n))).toEqual(borders(rows, block, n));
      },
    ),
  );
});
