import { describe, expect, test } from 'vitest';
import { attentionMap } from '../../native-kernels/index.ts';
import { naiveProbabilities, relativeError } from './naive-attention.ts';
import { isKept } from './naive-mask.ts';
import { randomFloats } from './random-floats.ts';

const [BATCH, HEADS, DIM] = [2, 3, 24];

function inputsOf(text: number, image: number, order: 'text-first' | 'image-first') {
  const count = BATCH * (text + image) * HEADS * DIM;
  return {
    q: randomFloats(count, 21, 2),
    k: randomFloats(count, 22, 2),
    ...{ batch: BATCH, heads: HEADS, dim: DIM, block: [16, 8] as const, layout: { text, image, order } },
  };
}

describe.each([
  ['text-first', 13, 84, 1],
  ['image-first', 13, 84, 5],
  ['text-first', 0, 64, 16],
  ['image-first', 30, 70, 300],
] as const)('%s, %i text and %i image tokens in cells of %i', (order, text, image, cell) => {
  const input = inputsOf(text, image, order);
  const tokens = text + image;
  const halfWindows = Int32Array.of(20, 3, 1000);
  const probabilities = naiveProbabilities(input, 1, 2, null);

  test('is the mean of the probabilities of each pair of cells', async () => {
    const map = await attentionMap({ ...input, batchIndex: 1, head: 2, cell, halfWindows });
    const size = Math.ceil(tokens / cell);
    const sums = new Float64Array(size * size);
    const counts = new Float64Array(size * size);
    for (const [i, row] of probabilities.entries()) {
      for (const [j, probability] of row.entries()) {
        const at = Math.floor(i / cell) * size + Math.floor(j / cell);
        sums[at]! += probability;
        counts[at]! += 1;
      }
    }
    expect(map.size).toBe(size);
    expect(
      relativeError(
        map.values,
        sums.map((sum, at) => sum / counts[at]!),
      ),
    ).toBeLessThan(1e-5);
  });

  test('kept mass is the mean over queries of what the arrow keeps', async () => {
    const { keptMass } = await attentionMap({ ...input, batchIndex: 1, head: 2, cell, halfWindows });
    for (const [n, window] of halfWindows.entries()) {
      let kept = 0;
      for (const [i, row] of probabilities.entries())
        for (const [j, probability] of row.entries())
          if (isKept(input.layout, window, input.block, i, j)) kept += probability;
      expect(keptMass[n]).toBeCloseTo(kept / tokens, 5);
    }
    expect(keptMass[2]).toBeCloseTo(1, 6);
  });
});
