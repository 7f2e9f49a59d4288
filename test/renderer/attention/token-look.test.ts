import { describe, expect, it } from 'vitest';
import type { AttentionMapReply } from '../../../electron/contract.ts';
import { brightness, mapPixels, quantile } from '../../../renderer/views/attention/map-pixels.ts';
import { rowOfImageToken, rowPlace, tokenLook } from '../../../renderer/views/attention/token-look.ts';

/** 2 text tokens and a picture of 2 rows × 3 columns; every row's probabilities are 0.1, 0.2, … of the tokens. */
function mapOf(order: 'text-first' | 'image-first', cell: number): AttentionMapReply {
  const size = Math.ceil(8 / cell);
  return {
    ...{ step: 0, layer: 0, head: 0, block: [2, 2], cell, size, overlays: [] },
    layout: { text: 2, image: 6, order },
    tokenGrid: { columns: 3, rows: 2 },
    values: Float32Array.from({ length: size * size }, (_, at) => (at % size) / 100),
  };
}

describe('where a row looks', () => {
  it.each(['text-first', 'image-first'] as const)('splits text and picture, %s', (order) => {
    const { image, textMass, imageMass } = tokenLook(mapOf(order, 1), 3);
    const first = order === 'text-first' ? 2 : 0;
    expect([...image].map((value) => Math.round(value * 100))).toEqual([0, 1, 2, 3, 4, 5].map((n) => n + first));
    expect(textMass).toBeCloseTo(order === 'text-first' ? 0.01 : 0.13, 6);
    expect(textMass + imageMass).toBeCloseTo(0.28, 6);
  });

  it.each([
    ['text-first', 1],
    ['image-first', 1],
    ['text-first', 2],
    ['image-first', 3],
  ] as const)('a token’s row of the map is about that token (%s, cell %i)', (order, cell) => {
    const map = mapOf(order, cell);
    for (let row = 0; row < 2; row++) {
      for (let column = 0; column < 3; column++) {
        const place = rowPlace(map, rowOfImageToken(map, row, column));
        if (place.kind === 'text') continue;
        expect(Math.abs(place.row * 3 + place.column - (row * 3 + column))).toBeLessThan(cell);
      }
    }
    expect(rowPlace(map, order === 'text-first' ? 0 : map.size - 1).kind).toBe('text');
  });
});

describe('colours of a map', () => {
  it('go from nothing to the brightest thousandth, on either scale', () => {
    expect(brightness(1, 1, 'linear')).toBe(1);
    expect(brightness(0.5, 1, 'linear')).toBe(0.5);
    expect(brightness(0.01, 1, 'log')).toBeCloseTo(0.5);
    expect(brightness(1e-9, 1, 'log')).toBe(0);
    expect(brightness(Number.NaN, 1, 'log')).toBe(0);
    expect(brightness(1, 0, 'linear')).toBe(0);
  });

  it('a sink does not leave the rest dark', () => {
    const values = new Float32Array(10_000).fill(0.1);
    values[17] = 1000;
    expect(quantile(values, 0.999)).toBeCloseTo(0.1, 5);
    const pixels = mapPixels(values, 'linear');
    expect(pixels.subarray(0, 4)).toEqual(pixels.subarray(17 * 4, 17 * 4 + 4));
    expect(pixels[3]).toBe(255);
  });
});
