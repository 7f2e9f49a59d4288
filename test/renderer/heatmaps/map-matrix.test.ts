import { describe, expect, it } from 'vitest';
import { logRange } from '../../../renderer/plots/log-colours.ts';
import {
  cellNumbers,
  cellOf,
  MAP_KINDS,
  mapMatrix,
  mapShape,
  placeOf,
} from '../../../renderer/views/heatmaps/map-matrix.ts';
import { planOf, smallCalibration, solvedWith } from './small-calibration.ts';

const calibration = smallCalibration();
const plan = planOf(calibration, [
  [1, 0, 0, 1],
  [1, 0, 1, 2],
  [2, 1, 1, 2],
]);
const selection = { step: 1, layer: 0, head: 0 };
const range = logRange(calibration.rse);

describe('maps', () => {
  it.each(MAP_KINDS)('%s: a cell’s place and a selection’s cell are each other’s inverse', (kind) => {
    const { columns, rows } = mapShape(kind, calibration);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const place = placeOf(kind, column, row, selection);
        expect(cellOf(kind, { ...place, head: place.head ?? 0 })).toEqual({ column, row });
      }
    }
  });

  it('show the chosen method of every head of a step', () => {
    const z = mapMatrix(calibration, plan, 'heads-layers', 'chosen', selection, range);
    expect(z.map((row) => [...row])).toEqual([
      [1, 0],
      [2, 0],
    ]);
  });

  it('show the share of a layer’s heads that are not full', () => {
    const z = mapMatrix(calibration, plan, 'steps-layers', 'chosen', selection, range);
    expect(z.map((row) => [...row])).toEqual([
      [0, 1, 0],
      [0, 0, 0.5],
    ]);
  });

  it('show RSE on a log scale, NaN where a method was not possible', () => {
    const z = mapMatrix(calibration, plan, 'steps-heads', 'rse:cached', { ...selection, layer: 1 }, range);
    expect(z[1]![0]).toBeNaN();
    expect(10 ** z[1]![2]!).toBeCloseTo(2 + 0.1 + 0.02 + 0.001, 4);
  });

  it('sum a layer’s heads, and take what was chosen', () => {
    const z = mapMatrix(calibration, plan, 'steps-layers', 'used', selection, { min: -6, max: 2 });
    expect(10 ** z[0]![1]!).toBeCloseTo(1.01 + 1.021, 4);
    expect(z[1]![1]).toBe(-6);
  });

  it('tell all numbers of a head, and of a whole layer', () => {
    const solved = solvedWith(calibration, plan);
    const head = cellNumbers(calibration, solved, { step: 1, layer: 0, head: 1 });
    expect(head).toMatchObject({ heads: 1, layerRse: 0.25 });
    expect(head.methods.map(({ chosenBy }) => chosenBy)).toEqual([0, 0, 1]);
    expect(head.methods[2]!.rse).toBeCloseTo(1.021, 5);
    const layer = cellNumbers(calibration, solved, { step: 1, layer: 0, head: null });
    expect(layer.methods.map(({ chosenBy }) => chosenBy)).toEqual([0, 1, 1]);
    expect(layer.methods[1]!.rse).toBeCloseTo(1.01 + 1.011, 4);
  });
});
