import { describe, expect, it } from 'vitest';
import { imageTokenIds, packLatents, unpackLatents } from '../../../mmdit/pipeline/packed-latents.ts';

describe('packed latents', () => {
  it('hold the four values of each channel of a patch side by side, patches in raster order', () => {
    const latents = Float32Array.from({ length: 2 * 2 * 4 }, (_, i) => i);
    expect([...packLatents(latents, 2, 2, 4)]).toEqual([0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15]);
  });

  it('unpack to what they were, for pictures that are not square', () => {
    const latents = Float32Array.from({ length: 16 * 6 * 10 }, (_, i) => i);
    expect(unpackLatents(packLatents(latents, 16, 6, 10), 16, 6, 10)).toEqual(latents);
  });

  it('number their tokens by row and column', () => {
    expect([...imageTokenIds(2, 2)]).toEqual([0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1]);
  });
});
