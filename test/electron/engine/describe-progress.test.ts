import { expect, it } from 'vitest';
import { describeProgress } from '../../../electron/engine/generate-picture.ts';

it('tells the tile at hand, and never falls', () => {
  expect(describeProgress({ stage: 'decode', tile: 3, tiles: 16 })).toMatchObject({
    title: 'Decoding',
    detail: 'tile 3 of 16',
  });
  const events = [
    { stage: 'encode' },
    { stage: 'denoise', step: 0, steps: 2 },
    { stage: 'denoise', step: 2, steps: 2 },
    { stage: 'decode' },
    ...Array.from({ length: 4 }, (_, tile) => ({ stage: 'decode', tile: tile + 1, tiles: 4 }) as const),
  ] as const;
  const values = events.map((event) => describeProgress(event).value);
  expect(values).toEqual([...values].sort((a, b) => a - b));
  expect(values.at(-1)).toBeLessThan(1);
  expect(describeProgress({ stage: 'decode' }).detail).toBe('');
});
