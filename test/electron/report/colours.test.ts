import { describe, expect, it } from 'vitest';
import { logScaleOf, SHADE_TABLE, shadeIndex } from '../../../electron/report/colours.ts';
import { layerAxis } from '../../../electron/report/layer-axis.ts';

describe('the RSE scale', () => {
  it('spans whole decades around the values, at most six', () => {
    expect(logScaleOf([0.002, 0.3, Number.NaN, 0])).toEqual({ low: -3, high: 0 });
    expect(logScaleOf([1e-12, 0.5])).toEqual({ low: -6, high: 0 });
    expect(logScaleOf([1])).toEqual({ low: -1, high: 0 });
    expect(logScaleOf([])).toEqual({ low: -4, high: 0 });
  });

  it('runs from the darkest to the brightest shade and leaves non-numbers out', () => {
    const scale = { low: -4, high: 0 };
    expect(shadeIndex(0, scale)).toBe(0);
    expect(shadeIndex(1e-9, scale)).toBe(0);
    expect(shadeIndex(0.01, scale)).toBe(Math.round((SHADE_TABLE.length - 1) / 2));
    expect(shadeIndex(50, scale)).toBe(SHADE_TABLE.length - 1);
    expect(shadeIndex(Number.NaN, scale)).toBeNull();
    expect(shadeIndex(Number.POSITIVE_INFINITY, scale)).toBeNull();
    expect(new Set(SHADE_TABLE).size).toBe(SHADE_TABLE.length);
  });
});

describe('the layer axis', () => {
  it('groups diffusers names and keeps their numbers', () => {
    const axis = layerAxis([
      'transformer_blocks.0.attn',
      'transformer_blocks.1.attn',
      'single_transformer_blocks.0.attn',
    ]);
    expect(axis.labels).toEqual(['0', '1', '0']);
    expect(axis.groups).toEqual([
      { name: 'transformer_blocks', first: 0, count: 2 },
      { name: 'single_transformer_blocks', first: 2, count: 1 },
    ]);
    expect(layerAxis(['odd']).labels).toEqual(['0']);
  });
});
