import { expect, it } from 'vitest';
import { OutputError, requireFinitePrediction, requirePicture } from '../../../mmdit/pipeline/output-error.ts';

it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  'a prediction with %s stops with its step and place',
  (value) => {
    const prediction = new Float32Array(100).fill(0.5);
    expect(() => requireFinitePrediction(prediction, 2, 20)).not.toThrow();
    prediction[41] = value;
    expect(() => requireFinitePrediction(prediction, 2, 20)).toThrow(OutputError);
    expect(() => requireFinitePrediction(prediction, 2, 20)).toThrow(
      new RegExp(`step 3 of 20 .*${value} \\(element 41 of 100\\)`),
    );
  },
);

it('two infinities that cancel are found too', () => {
  const prediction = Float32Array.of(1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
  expect(() => requireFinitePrediction(prediction, 0, 1)).toThrow(/element 1/);
});

it('a flat picture is refused, one other pixel is enough for a picture', () => {
  const pixels = new Uint8Array(3 * 16).fill(0);
  expect(() => requirePicture(pixels, 0)).toThrow(/Picture 1 is one flat colour \(0, 0, 0\)/);
  pixels[3 * 15 + 2] = 1;
  expect(() => requirePicture(pixels, 0)).not.toThrow();
});
