import { expect, it } from 'vitest';
import { layerLabel } from '../../../renderer/plots/layer-label.ts';
import { logRange, logTicks, toLog } from '../../../renderer/plots/log-colours.ts';

it('the range spans the positive finite values, six decades at most and one at least', () => {
  expect(logRange(new Float32Array([0, Number.NaN, Number.POSITIVE_INFINITY, 0.01, 1]))).toEqual({
    min: expect.closeTo(-2, 5),
    max: 0,
  });
  expect(logRange(new Float32Array([1e-20, 10]))).toEqual({ min: -5, max: 1 });
  expect(logRange(new Float32Array([1, 1.1])).min).toBeCloseTo(logRange(new Float32Array([1, 1.1])).max - 1);
  expect(logRange(new Float32Array([0]))).toEqual({ min: -4, max: 0 });
});

it('values are cut to the range; what is not possible stays NaN', () => {
  const range = { min: -3, max: 0 };
  expect([0, 1e-9, 0.1, 5].map((value) => toLog(value, range))).toEqual([-3, -3, -1, 0]);
  expect(toLog(Number.NaN, range)).toBeNaN();
});

it('ticks are whole decades', () => {
  expect(logTicks({ min: -2.5, max: 0.2 })).toEqual({ values: [-2, -1, 0], labels: ['0.01', '0.1', '1'] });
  expect(logTicks({ min: 0.1, max: 0.9 }).values).toEqual([0.1, 0.9]);
});

it.each([
  ['transformer_blocks.3.attn', 'D3'],
  ['single_transformer_blocks.12.attn', 'S12'],
  ['transformer_blocks.5.attn2', 'D5·2'],
  ['some.other.attn', 'some.other'],
])('%s is %s on an axis', (name, label) => {
  expect(layerLabel(name)).toBe(label);
});
