/** Of a picture that is read. 0.75 MB of PNG can hold a billion of them. */
const MAX_PIXELS = 8192 * 8192;

/** What is wrong with a picture of this size; null where nothing is. */
export function tooManyPixels({ width, height }: { readonly width: number; readonly height: number }): string | null {
  if (width * height <= MAX_PIXELS) return null;
  return `is a picture of ${width}×${height} pixels; at most ${MAX_PIXELS} are read, as of 8192×8192`;
}
