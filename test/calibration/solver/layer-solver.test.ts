import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SolverLimitError } from '../../../calibration/solver/pareto-search.ts';
import { uniform } from '../../fixtures/synthetic-rse.ts';
import { highsSaving } from './highs-knapsack.ts';
import { bruteForce, type LayerInstance, rseOf, solve } from './layer-instance.ts';

/** Multiples of 1/256, so that sums are exact and HiGHS' tolerances play no part; ties abound. */
const coarse = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 200 }).map((value) => value / 256) },
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0, -0.5) },
);
const real = fc.double({ min: 0, max: 1, noNaN: true });

interface InstanceSettings {
  readonly maxHeads: number;
  readonly maxMethods: number;
  readonly rse: fc.Arbitrary<number>;
  readonly delta: fc.Arbitrary<number>;
  readonly saving: fc.Arbitrary<number>;
}

function instances({ maxHeads, maxMethods, rse, delta, saving }: InstanceSettings): fc.Arbitrary<LayerInstance> {
  return fc
    .tuple(fc.integer({ min: 1, max: maxHeads }), fc.integer({ min: 1, max: maxMethods }))
    .chain(([heads, methods]) =>
      fc.record({
        heads: fc.constant(heads),
        full: fc.integer({ min: 0, max: methods - 1 }),
        savings: fc.array(saving, { minLength: methods, maxLength: methods }),
        rse: fc
          .array(rse, { minLength: heads * methods, maxLength: heads * methods })
          .map((values) => Float64Array.from(values)),
        delta,
        // c below 1, around n, above n, none.
        c: fc.constantFrom(0.25, 0.5, 1, 1.5, heads, heads + 0.5, heads * 2, Number.POSITIVE_INFINITY),
      }),
    )
    .map(({ c, ...instance }) => ({
      ...instance,
      limit: c === Number.POSITIVE_INFINITY ? c : (c * instance.delta) / instance.heads,
    }));
}

const coarseDelta = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 1200 }).map((value) => value / 256) },
);
const wholeSaving = fc.integer({ min: -3, max: 12 });

function isFeasible(instance: LayerInstance): void {
  const answer = solve(instance);
  expect(rseOf(instance, answer.plan)).toBe(answer.rse);
}

describe('the exact solver', () => {
  it('saves as much as HiGHS on 2,400 instances with ties, zero budgets, NaN and every kind of c', () => {
    const arbitrary = instances({
      maxHeads: 24,
      maxMethods: 6,
      rse: coarse,
      delta: coarseDelta,
      saving: wholeSaving,
    });
    fc.assert(
      fc.property(arbitrary, (instance) => {
        isFeasible(instance);
        expect(solve(instance).saving).toBeCloseTo(highsSaving(instance), 6);
      }),
      { numRuns: 2400, seed: 20250323 },
    );
  });

  it('finds the very plan that enumerating all of them finds, ties included', () => {
    const arbitrary = instances({
      maxHeads: 5,
      maxMethods: 4,
      rse: fc.oneof(coarse, fc.constantFrom(0.125, 0.25, 0.5)),
      delta: coarseDelta.map((delta) => delta / 2),
      saving: fc.integer({ min: -1, max: 4 }),
    });
    fc.assert(
      fc.property(arbitrary, (instance) => {
        expect(solve(instance)).toEqual(bruteForce(instance));
      }),
      { numRuns: 3000, seed: 7 },
    );
  });

  it('agrees to the last bit on real numbers, with the budget compared to the plain sum in head order', () => {
    const arbitrary = instances({
      maxHeads: 5,
      maxMethods: 4,
      rse: real,
      delta: fc.double({ min: 0, max: 3, noNaN: true }),
      saving: fc.integer({ min: 0, max: 2 ** 40 }),
    });
    fc.assert(
      fc.property(arbitrary, (instance) => {
        expect(solve(instance)).toEqual(bruteForce(instance));
      }),
      { numRuns: 2000, seed: 11 },
    );
  });

  it('finds the same by joining fronts of half the heads, as it does where one front would grow too large', () => {
    const halves = { whole: 0, half: 1 << 20 };
    const arbitrary = instances({
      maxHeads: 6,
      maxMethods: 4,
      rse: coarse,
      delta: coarseDelta.map((delta) => delta / 2),
      saving: fc.integer({ min: -1, max: 4 }),
    });
    fc.assert(
      fc.property(arbitrary, (instance) => {
        expect(solve(instance, halves)).toEqual(bruteForce(instance));
      }),
      { numRuns: 1500, seed: 13 },
    );
  });

  it('stays exact and quick where RSE is all but proportional to the saving', () => {
    const random = uniform(9);
    const savings = Array.from({ length: 9 }, (_, method) => (method === 0 ? 0 : Math.round(1e6 * random())));
    const heads = 24;
    const rse = Float64Array.from({ length: 9 * heads }, (_, at) => {
      const saving = savings[Math.floor(at / heads)]!;
      return saving * (1 + 1e-4 * random());
    });
    const delta = 0.4 * heads * 5e5;
    const instance = { heads, full: 0, savings, rse, delta, limit: Number.POSITIVE_INFINITY };
    const { plan, saving, rse: used } = solve(instance);
    expect(rseOf(instance, plan)).toBe(used);
    // RSE is at least the saving, so that no plan saves more than the budget; whole savings leave less than this open.
    expect(saving).toBeLessThanOrEqual(delta);
    expect(saving).toBeGreaterThan(delta * (1 - 1e-4));
    expect(solve(instance, { whole: 0, half: 1 << 23 })).toEqual({ plan, saving, rse: used });
  });

  it('says so where a layer is beyond an exact answer, rather than guess', () => {
    const rse = Float64Array.from({ length: 30 }, (_, at) => (at < 10 ? 0 : Math.sqrt(at)));
    const instance = { heads: 10, full: 0, savings: [0, 3, 4], rse, delta: 20, limit: Number.POSITIVE_INFINITY };
    expect(() => solve(instance, { whole: 0, half: 8 })).toThrow(SolverLimitError);
  });

  it('spends a budget that is exactly the sum of some plan', () => {
    const heads = 5;
    const arbitrary = fc.tuple(
      fc.array(real, { minLength: heads * 3, maxLength: heads * 3 }),
      fc.array(fc.integer({ min: 0, max: 2 }), { minLength: heads, maxLength: heads }),
    );
    fc.assert(
      fc.property(arbitrary, ([values, plan]) => {
        const rse = Float64Array.from(values).fill(0, 0, heads);
        const open = { heads, full: 0, savings: [0, 5, 9], rse, delta: 100, limit: Number.POSITIVE_INFINITY };
        const instance = { ...open, delta: rseOf(open, plan)! };
        expect(solve(instance)).toEqual(bruteForce(instance));
      }),
      { numRuns: 1000, seed: 3 },
    );
  });

  it('keeps to full attention where nothing else is allowed', () => {
    const rse = Float64Array.from([0, 0, Number.NaN, Number.POSITIVE_INFINITY, 0.5, -1]);
    const instance = { heads: 2, full: 0, savings: [0, 3, 4], rse, delta: 0.25, limit: Number.POSITIVE_INFINITY };
    expect(solve(instance)).toEqual({ plan: [0, 0], saving: 0, rse: 0 });
  });

  it('takes a free saving under a budget of zero', () => {
    const rse = Float64Array.from([0, 0, 0, 1e-300]);
    const instance = { heads: 2, full: 0, savings: [0, 1], rse, delta: 0, limit: 0 };
    expect(solve(instance).plan).toEqual([1, 0]);
  });

  it('of equal plans takes the one whose indices come first', () => {
    const rse = Float64Array.from([0, 0, 0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
    const instance = { heads: 3, full: 0, savings: [0, 2, 2], rse, delta: 0.5, limit: Number.POSITIVE_INFINITY };
    expect(solve(instance).plan).toEqual([0, 0, 1]);
  });

  it('of equal savings takes the smaller RSE', () => {
    const rse = Float64Array.from([0, 0, 0.4, 0.3, 0.3, 0.1]);
    const instance = { heads: 2, full: 0, savings: [0, 2, 2], rse, delta: 0.4, limit: Number.POSITIVE_INFINITY };
    expect(solve(instance)).toEqual({ plan: [2, 2], saving: 4, rse: 0.4 });
  });

  it('answers the same whatever the unit of the savings', () => {
    const arbitrary = instances({ maxHeads: 8, maxMethods: 5, rse: real, delta: real, saving: wholeSaving });
    fc.assert(
      fc.property(arbitrary, fc.constantFrom(2 ** -900, 2 ** -20, 2 ** 60, 2 ** 900), (instance, unit) => {
        const scaled = { ...instance, savings: instance.savings.map((saving) => saving * unit) };
        expect(solve(scaled).plan).toEqual(solve(instance).plan);
      }),
      { numRuns: 300, seed: 5 },
    );
  });
});
