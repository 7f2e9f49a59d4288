import { describe, expect, it } from 'vitest';
import { CalibrationError } from '../../../calibration/calibration-error.ts';
import { solveTable } from '../../../calibration/solver/solve-table.ts';
import { attentionFlops } from '../../../mmdit/attention/attention-flops.ts';
import { parseMethod } from '../../../mmdit/attention/method.ts';
import { smallTable } from '../small-table.ts';
import { bruteForce } from './layer-instance.ts';

const table = smallTable();

function flopsOf(method: string, layer: number): number {
  const { layouts, block, headDim } = table.sampling!;
  return attentionFlops(layouts[layer]!, block, parseMethod(method), headDim);
}

describe('solveTable', () => {
  it('solves every step and layer as enumerating its plans does, saving FLOPs', () => {
    const [delta, headConstraint] = [0.4, 1.5];
    const solved = solveTable(table, { delta, headConstraint });
    let saving = 0;
    for (let step = 0; step < 3; step++) {
      for (let layer = 0; layer < 2; layer++) {
        const begin = (step * 2 + layer) * 16;
        const best = bruteForce({
          heads: 4,
          full: 0,
          savings: table.methods.map((name) => flopsOf('full', layer) - flopsOf(name, layer)),
          rse: Float64Array.from(table.rse.subarray(begin, begin + 16)),
          delta,
          limit: (headConstraint * delta) / 4,
        });
        expect(solved.plan[step]![layer]).toEqual(best.plan);
        expect(solved.rseUsed[step]![layer]).toBe(best.rse);
        saving += best.saving;
      }
    }
    expect(solved.saving).toBe(saving);
    expect(solved.sparsity).toBeCloseTo(saving / (flopsOf('full', 0) * 3 * 2 * 4), 12);
    expect(solved.plan[0]!.flat()).toEqual(new Array(8).fill(0));
  });

  it('counts sparsity by hand on one dense and one cached head', () => {
    const one = smallTable({
      methods: ['full', 'cached'],
      heads: 1,
      rse: Float32Array.from([0, Number.NaN, 0, Number.NaN, 0, 0.1, 0, 0.9, 0, 0.9, 0, 0.9]),
    });
    expect(solveTable(one, { delta: 0.5, headConstraint: null })).toMatchObject({
      plan: [
        [[0], [0]],
        [[1], [0]],
        [[0], [0]],
      ],
      sparsity: 1 - 5 / 6,
    });
  });

  it("takes the user's savings in any unit", () => {
    const perMethod = { 'arrow/8': 1, 'arrow/16': 100, cached: 0 };
    const solved = solveTable(table, { delta: 10, headConstraint: null, savings: { source: 'file', perMethod } });
    expect(solved.plan.slice(1).flat(2)).toEqual(new Array(16).fill(2));
    expect(solved.saving).toBe(1600);
  });

  it('takes savings measured per layer', () => {
    const layers = [
      { 'arrow/8': 3, 'arrow/16': 2, cached: 1 },
      { 'arrow/8': 1, 'arrow/16': 2, cached: 3 },
    ];
    const solved = solveTable(table, { delta: 10, headConstraint: null, savings: { source: 'measured', layers } });
    expect(solved.plan[1]).toEqual([new Array(4).fill(1), new Array(4).fill(3)]);
  });

  it('puts full first for a table without it', () => {
    const without = smallTable({ methods: ['cached'], rse: new Float32Array(3 * 2 * 4).fill(0.1) });
    const solved = solveTable(without, { delta: 0.25, headConstraint: null });
    expect(solved.methods).toEqual(['full', 'cached']);
    expect(solved.plan[2]![1]).toEqual([0, 0, 1, 1]);
  });

  it.each([
    ['a negative delta', { delta: -0.1, headConstraint: null }, /delta/],
    ['an infinite delta', { delta: Number.POSITIVE_INFINITY, headConstraint: null }, /delta/],
    ['a c that is no number', { delta: 1, headConstraint: Number.NaN }, /headConstraint/],
  ])('refuses %s', (_name, settings, message) => {
    expect(() => solveTable(table, settings)).toThrow(message);
  });

  it('names the method whose saving is missing, and says when FLOPs cannot be counted', () => {
    const savings = { source: 'file', perMethod: { 'arrow/8': 1, cached: 2 } } as const;
    expect(() => solveTable(table, { delta: 1, headConstraint: null, savings })).toThrow(/"arrow\/16"/);
    const nameless = smallTable({ sampling: null });
    expect(() => solveTable(nameless, { delta: 1, headConstraint: null })).toThrow(CalibrationError);
    const wrong = { source: 'file', perMethod: { full: 1, 'arrow/8': 1, 'arrow/16': 1, cached: 2 } } as const;
    expect(() => solveTable(table, { delta: 1, headConstraint: null, savings: wrong })).toThrow(/"full" saves 0/);
  });
});
