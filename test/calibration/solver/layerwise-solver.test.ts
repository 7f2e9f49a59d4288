import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LayerwiseSolver } from '../../../calibration/solver/layerwise-solver.ts';
import { type Answer, bruteForceLayerwise, type LayerInstance, savingOf, solve } from './layer-instance.ts';

function solveLayerwise({ heads, savings, full, rse, delta, limit }: LayerInstance): Answer {
  const solver = new LayerwiseSolver(heads, full);
  solver.setSavings(savings);
  const plan = new Uint8Array(heads + 2).fill(99);
  solver.solve(rse, 0, delta, limit, plan, 1);
  expect([plan[0], plan[heads + 1]]).toEqual([99, 99]);
  const chosen = Array.from(plan.subarray(1, heads + 1));
  return { plan: chosen, saving: savingOf({ heads, savings, full, rse, delta, limit }, chosen), rse: solver.rse };
}

const error = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 60 }).map((value) => value / 256) },
  { weight: 4, arbitrary: fc.double({ min: 0, max: 0.3, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0, -0.5) },
);

const instances: fc.Arbitrary<LayerInstance> = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 8 }))
  .chain(([heads, methods]) =>
    fc.record({
      heads: fc.constant(heads),
      full: fc.integer({ min: 0, max: methods - 1 }),
      savings: fc.array(fc.integer({ min: -2, max: 4 }), { minLength: methods, maxLength: methods }),
      rse: fc
        .array(error, { minLength: heads * methods, maxLength: heads * methods })
        .map((values) => Float64Array.from(values)),
      delta: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 2.5, noNaN: true })),
      c: fc.constantFrom(0.5, 1, 1.5, heads, Number.POSITIVE_INFINITY),
    }),
  )
  .map(({ c, ...instance }) => ({
    ...instance,
    limit: c === Number.POSITIVE_INFINITY ? c : (c * instance.delta) / instance.heads,
  }));

describe('one method for all heads of a layer', () => {
  it('is the one that trying every method finds, ties included', () => {
    fc.assert(
      fc.property(instances, (instance) => {
        expect(solveLayerwise(instance)).toEqual(bruteForceLayerwise(instance));
      }),
      { numRuns: 4000, seed: 17 },
    );
  });

  it('never saves more than a method for every head does', () => {
    fc.assert(
      fc.property(instances, (instance) => {
        expect(solveLayerwise(instance).saving).toBeLessThanOrEqual(solve(instance).saving);
      }),
      { numRuns: 500, seed: 19 },
    );
  });

  it('is ruled out by one head that may not use it, and by the sum', () => {
    const heads = 3;
    const rse = Float64Array.from([0, 0, 0, 0.1, 0.1, 0.1, 0.01, 0.01, Number.NaN]);
    const instance = { heads, full: 0, savings: [0, 2, 5], rse, delta: 0.4, limit: Number.POSITIVE_INFINITY };
    expect(solveLayerwise(instance)).toMatchObject({ plan: [1, 1, 1], saving: 6 });
    expect(solveLayerwise({ ...instance, delta: 0.29 }).plan).toEqual([0, 0, 0]);
    expect(solveLayerwise({ ...instance, limit: 0.09 }).plan).toEqual([0, 0, 0]);
  });
});
