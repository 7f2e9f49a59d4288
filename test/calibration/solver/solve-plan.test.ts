import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CalibrationError } from '../../../calibration/calibration-error.ts';
import { type PlanPin, type PlanSpace, solvePlan } from '../../../calibration/solver/solve-plan.ts';

const METHODS = ['full', 'arrow/8', 'cached'];

/** Two steps, two layers, three heads; nothing can be cached at step 0. */
function space(values: readonly number[]): PlanSpace {
  const rse = new Float32Array(2 * 2 * 3 * 3);
  let next = 0;
  for (let row = 0; row < 4; row++) {
    for (let method = 1; method < 3; method++) {
      for (let head = 0; head < 3; head++) {
        const possible = row >= 2 || method === 1;
        rse[(row * 3 + method) * 3 + head] = possible ? values[next++ % values.length]! : Number.NaN;
      }
    }
  }
  const savings = Float64Array.of(0, 3, 4);
  return { steps: 2, layers: 2, heads: 3, methods: METHODS, rse, savings: [savings, savings] };
}

const BOUNDS = { delta: 0.5, headConstraint: null };
const everywhere = { step: null, layer: null, head: null };
const at = (plan: Uint8Array, step: number, layer: number) => [...plan.subarray((step * 2 + layer) * 3).subarray(0, 3)];

describe('solvePlan', () => {
  it('a pinned head takes its method, and the others share what is left of δ', () => {
    const measured = space([0.2]);
    expect(at(solvePlan(measured, BOUNDS).plan, 1, 0).filter((method) => method === 2)).toHaveLength(2);
    const pins: PlanPin[] = [{ step: 1, layer: 0, head: 2, method: 'cached' }];
    const { plan, rseUsed, ignoredPins } = solvePlan(measured, BOUNDS, null, pins);
    expect(at(plan, 1, 0)).toEqual([0, 2, 2]);
    expect(rseUsed[2]).toBeCloseTo(0.4, 6);
    expect(ignoredPins).toEqual([]);
    expect(at(plan, 1, 1)).toEqual(at(solvePlan(measured, BOUNDS).plan, 1, 1));
  });

  it('pins may use more than δ, which is told, and leave the rest full', () => {
    const pins: PlanPin[] = [{ step: 1, layer: 1, head: null, method: 'arrow/8' }];
    const solved = solvePlan(space([0.2]), { delta: 0.3, headConstraint: null }, null, pins);
    expect(at(solved.plan, 1, 1)).toEqual([1, 1, 1]);
    expect(solved.overdrawn).toBe(1);
    expect(solved.rseUsed[3]).toBeCloseTo(0.6, 6);
    const one: PlanPin[] = [{ step: 1, layer: 1, head: 0, method: 'arrow/8' }];
    expect(at(solvePlan(space([0.2]), { delta: 0.1, headConstraint: null }, null, one).plan, 1, 1)).toEqual([1, 0, 0]);
  });

  it('the later of two pins wins; pins that decide nothing are told by position', () => {
    const pins: PlanPin[] = [
      { ...everywhere, step: 0, method: 'cached' },
      { step: 1, layer: 0, head: 0, method: 'cached' },
      { ...everywhere, layer: 0, method: 'full' },
      { step: 7, layer: 0, head: 0, method: 'full' },
    ];
    const { plan, ignoredPins } = solvePlan(space([0.01]), BOUNDS, null, pins);
    expect(at(plan, 0, 0)).toEqual([0, 0, 0]);
    expect(at(plan, 1, 0)).toEqual([0, 0, 0]);
    expect(ignoredPins).toEqual([0, 1, 3]);
  });

  it('chooses among the candidates alone', () => {
    const { plan } = solvePlan(space([0.01]), BOUNDS, ['arrow/8']);
    expect([...plan]).not.toContain(2);
    expect([...plan]).toContain(1);
    expect([...solvePlan(space([0.01]), BOUNDS, []).plan]).toEqual(new Array(12).fill(0));
  });

  it('pinning what is chosen anyway changes nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 30 }), (values) => {
        const measured = space(values);
        const free = solvePlan(measured, BOUNDS);
        const pins = [...free.plan].map((method, n) => ({
          step: Math.floor(n / 6),
          layer: Math.floor(n / 3) % 2,
          head: n % 3,
          method: METHODS[method]!,
        }));
        expect(solvePlan(measured, BOUNDS, null, pins)).toEqual(free);
      }),
    );
  });

  it('names a method that the table does not have', () => {
    const pins: PlanPin[] = [{ ...everywhere, method: 'arrow/2' }];
    expect(() => solvePlan(space([0.1]), BOUNDS, null, pins)).toThrow(CalibrationError);
    expect(() => solvePlan(space([0.1]), BOUNDS, null, pins)).toThrow('full, arrow/8, cached, found "arrow/2"');
  });
});

describe('solvePlan, layer by layer', () => {
  const bounds = { ...BOUNDS, granularity: 'layer' as const };

  it('gives all heads of a layer one method, within the same bounds', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 30 }), (values) => {
        const { plan, rseUsed, saving } = solvePlan(space(values), bounds);
        for (let row = 0; row < 4; row++) expect(new Set(plan.subarray(row * 3, row * 3 + 3)).size).toBe(1);
        expect(Math.max(...rseUsed)).toBeLessThanOrEqual(0.5);
        expect(saving).toBeLessThanOrEqual(solvePlan(space(values), BOUNDS).saving);
      }),
    );
  });

  it('pinned heads take their method, and the others share one with what is left of δ', () => {
    const measured = space([0.15]);
    expect(at(solvePlan(measured, bounds).plan, 1, 0)).toEqual([2, 2, 2]);
    const pins: PlanPin[] = [{ step: 1, layer: 0, head: 1, method: 'full' }];
    const pinned = solvePlan(measured, { ...bounds, delta: 0.3 + 1e-6 }, null, pins);
    expect(at(pinned.plan, 1, 0)).toEqual([2, 0, 2]);
    expect(at(pinned.plan, 1, 1)).toEqual([0, 0, 0]);
    const all: PlanPin[] = [{ step: 1, layer: 0, head: null, method: 'arrow/8' }];
    expect(at(solvePlan(measured, bounds, ['cached'], all).plan, 1, 0)).toEqual([1, 1, 1]);
  });
});
