import { colourTable } from '../../plots/colour-table.ts';

/** `log`: powers of ten below the largest value; `linear`: from zero. */
export type MapScale = 'linear' | 'log';

/** Decades that a logarithmic map shows. */
const DECADES = 4;
/** Attention sinks would leave everything else dark: the brightest thousandth is cut. */
const TOP_QUANTILE = 0.999;

/** RGBA pixels of a map, one per value; dark is little. */
export function mapPixels(values: Float32Array, scale: MapScale): Uint8ClampedArray<ArrayBuffer> {
  const top = quantile(values, TOP_QUANTILE);
  const pixels = new Uint8ClampedArray(values.length * 4);
  const table = colourTable();
  for (let n = 0; n < values.length; n++) {
    const at = Math.round(255 * brightness(values[n]!, top, scale)) * 3;
    pixels[n * 4] = table[at]!;
    pixels[n * 4 + 1] = table[at + 1]!;
    pixels[n * 4 + 2] = table[at + 2]!;
    pixels[n * 4 + 3] = 255;
  }
  return pixels;
}

/** 0 to 1. */
export function brightness(value: number, top: number, scale: MapScale): number {
  if (!(value > 0) || !(top > 0)) return 0;
  const share = scale === 'linear' ? value / top : 1 + Math.log10(value / top) / DECADES;
  return Math.min(1, Math.max(0, share));
}

/** Of a sample where there are many values; the exact one is not needed for a picture. */
export function quantile(values: Float32Array, share: number): number {
  const every = Math.max(1, Math.floor(values.length / 20_000));
  const sample = new Float32Array(Math.ceil(values.length / every));
  for (let n = 0; n < sample.length; n++) sample[n] = values[n * every]!;
  sample.sort();
  return sample[Math.min(sample.length - 1, Math.floor(share * sample.length))] ?? 0;
}
