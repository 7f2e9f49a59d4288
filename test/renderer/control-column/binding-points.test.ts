import fc from 'fast-check';
import { expect, test } from 'vitest';
import { solvePlan } from '../../../calibration/solver/solve-plan.ts';
import type { Granularity } from '../../../electron/contract.ts';
import { bindingPoints, constraintEffect, rseExtent } from '../../../renderer/views/control-column/binding-points.ts';
import { layerBindingPoints, layerExtent } from '../../../renderer/views/control-column/layer-binding-points.ts';

const METHODS = ['full', 'arrow/8', 'arrow/8+residual', 'cfg', 'cfg+arrow/8', 'cached'];
/** By layer: where text is most of the sequence, an arrow saves less than the shared half; one that is slower saves nothing. */
const SAVINGS = [
  [0, 2, 2, 1, 3, 4],
  [0, 1, 1, 2, 2.5, 4],
  [0, 2, -0.1, 2, 3, 4],
];

/** Tables of random shape, some places not possible; cached never is at step 0. */
const tables = fc
  .record({
    steps: fc.integer({ min: 1, max: 3 }),
    layers: fc.integer({ min: 1, max: 3 }),
    heads: fc.integer({ min: 1, max: 6 }),
  })
  .chain(({ steps, layers, heads }) =>
    fc
      .array(
        fc.oneof({ weight: 9, arbitrary: fc.double({ min: 1e-4, max: 3, noNaN: true }) }, fc.constant(Number.NaN)),
        {
          minLength: steps * layers * METHODS.length * heads,
          maxLength: steps * layers * METHODS.length * heads,
        },
      )
      .map((values) => {
        const rse = Float32Array.from(values);
        for (let layer = 0; layer < layers; layer += 1)
          for (let head = 0; head < heads; head += 1) {
            rse[(layer * METHODS.length + METHODS.length - 1) * heads + head] = Number.NaN;
            for (let step = 0; step < steps; step += 1)
              rse[(step * layers + layer) * METHODS.length * heads + head] = 0;
          }
        return { steps, layers: Array.from({ length: layers }, (_, i) => `blocks.${i}`), heads, methods: METHODS, rse };
      }),
  );

type Table = typeof tables extends fc.Arbitrary<infer T> ? T : never;

function savingsOf({ layers }: Table): readonly (readonly number[])[] {
  return SAVINGS.slice(0, layers.length);
}

function saved(
  table: Table,
  delta: number,
  headConstraint: number | null,
  granularity: Granularity,
  candidates: readonly string[],
): number {
  const savings = savingsOf(table).map((perMethod) => Float64Array.from(perMethod));
  const bounds = { delta, headConstraint, granularity };
  return solvePlan({ ...table, layers: table.layers.length, savings }, bounds, candidates).saving;
}

const POINTS = {
  head: (table: Table, offered: readonly string[], c: number | null) =>
    bindingPoints(rseExtent(table, offered, savingsOf(table)), c, table.heads),
  layer: (table: Table, offered: readonly string[], c: number | null) =>
    layerBindingPoints(layerExtent(table, offered, savingsOf(table)), c, table.heads),
};

test.each(['head', 'layer'] as const)('the marks are where the exact solver begins and stops to change: %s', (what) => {
  const candidates = fc.subarray(METHODS.slice(1), { minLength: 1 });
  const constraints = fc.option(fc.double({ min: 0.2, max: 8, noNaN: true }), { nil: null });
  fc.assert(
    fc.property(tables, candidates, constraints, (table, offered, c) => {
      const { nothingBelow, everythingFrom } = POINTS[what](table, offered, c);
      const unbounded = saved(table, 1e6, null, what, offered);
      if (!Number.isFinite(nothingBelow)) {
        expect(unbounded).toBe(0);
        return;
      }
      expect(saved(table, nothingBelow * 0.999, c, what, offered)).toBe(0);
      expect(saved(table, nothingBelow * 1.001, c, what, offered)).toBeGreaterThan(0);
      expect(saved(table, everythingFrom * 1.001, c, what, offered)).toBe(unbounded);
      expect(saved(table, everythingFrom * 0.999, c, what, offered)).toBeLessThan(unbounded);
    }),
  );
});

test('c is greedy up to 1 and slack from the number of heads on', () => {
  expect(constraintEffect(null, 24)).toBe('none');
  expect(constraintEffect(1, 24)).toBe('greedy');
  expect(constraintEffect(1.01, 24)).toBe('shared');
  expect(constraintEffect(24, 24)).toBe('slack');
});
