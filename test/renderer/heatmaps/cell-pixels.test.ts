import { expect, it } from 'vitest';
import { methodLooks } from '../../../electron/contract/method-looks.ts';
import { methodPixels, scalePixels } from '../../../renderer/views/heatmaps/cell-pixels.ts';

it('methods have their colours, row by row', () => {
  const pixels = methodPixels([Float32Array.of(0, 1), Float32Array.of(1, 0)], methodLooks(['full', 'cached']));
  const [a, b, c, d] = [0, 4, 8, 12].map((at) => [...pixels.subarray(at, at + 4)]);
  expect(a).toEqual(d);
  expect(b).toEqual(c);
  expect(a).not.toEqual(b);
  expect(b).toEqual([0xe6, 0x9f, 0x00, 255]);
});

it('values run from dark to light and are cut at both ends; what is not possible is transparent', () => {
  const pixels = scalePixels([Float32Array.of(-9, -2, 0, 9, Number.NaN)], { min: -2, max: 0 });
  const pixel = (n: number) => [...pixels.subarray(n * 4, n * 4 + 4)];
  expect(pixel(0)).toEqual(pixel(1));
  expect(pixel(2)).toEqual(pixel(3));
  expect(pixel(0)).toEqual([0x00, 0x22, 0x4e, 255]);
  expect(pixel(3)).toEqual([0xfe, 0xe8, 0x38, 255]);
  expect(pixel(4)).toEqual([0, 0, 0, 0]);
});
