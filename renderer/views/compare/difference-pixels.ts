export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** RGBA, row-major. */
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** |a − b| per channel times `gain`, cut at white. Throws RangeError for pictures of two sizes. */
export function differencePixels(a: Pixels, b: Pixels, gain: number): Pixels {
  if (a.width !== b.width || a.height !== b.height) {
    throw new RangeError(`Pictures of ${a.width}×${a.height} and ${b.width}×${b.height} have no difference`);
  }
  const data = new Uint8ClampedArray(a.data.length);
  for (let n = 0; n < data.length; n += 4) {
    data[n] = Math.abs(a.data[n]! - b.data[n]!) * gain;
    data[n + 1] = Math.abs(a.data[n + 1]! - b.data[n + 1]!) * gain;
    data[n + 2] = Math.abs(a.data[n + 2]! - b.data[n + 2]!) * gain;
    data[n + 3] = 255;
  }
  return { width: a.width, height: a.height, data };
}
