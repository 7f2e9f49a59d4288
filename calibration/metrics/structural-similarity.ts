import type { RgbImage } from '../../mmdit/pipeline/pipeline.ts';

export const WINDOW = 7;
const CHANNELS = 3;
const DATA_RANGE = 255;
const C1 = (0.01 * DATA_RANGE) ** 2;
const C2 = (0.03 * DATA_RANGE) ** 2;
const PIXELS = WINDOW * WINDOW;
/** Sample rather than population covariance, as scikit-image's default. */
const COVARIANCE_NORM = PIXELS / (PIXELS - 1);
const SUMS = 5;

/**
 * Mean structural similarity of two RGB pictures of one size, at least 7×7, as scikit-image's `structural_similarity`
 * computes it by default: 7×7 uniform window, sample covariance, every window that lies wholly inside, mean over
 * channels (Wang et al. 2004, eq. 13). Sums of bytes are whole numbers, so that running sums lose nothing.
 */
export function structuralSimilarity(a: RgbImage, b: RgbImage): number {
  const { width, height } = a;
  let total = 0;
  for (let channel = 0; channel < CHANNELS; channel++)
    total += channelTotal(a.pixels, b.pixels, width, height, channel);
  return total / (CHANNELS * (width - WINDOW + 1) * (height - WINDOW + 1));
}

/** Σ SSIM over all windows of one channel. */
function channelTotal(a: Uint8Array, b: Uint8Array, width: number, height: number, channel: number): number {
  // Per column: sums of x, y, x², y², xy over the last 7 rows.
  const columns = new Int32Array(width * SUMS);
  let total = 0;
  for (let row = 0; row < height; row++) {
    addRow(columns, a, b, row * width, width, channel, 1);
    if (row >= WINDOW) addRow(columns, a, b, (row - WINDOW) * width, width, channel, -1);
    if (row >= WINDOW - 1) total += rowTotal(columns, width);
  }
  return total;
}

function addRow(
  columns: Int32Array,
  a: Uint8Array,
  b: Uint8Array,
  firstPixel: number,
  width: number,
  channel: number,
  sign: 1 | -1,
): void {
  for (let x = 0; x < width; x++) {
    const at = (firstPixel + x) * CHANNELS + channel;
    const p = a[at]!;
    const q = b[at]!;
    const column = x * SUMS;
    columns[column]! += sign * p;
    columns[column + 1]! += sign * q;
    columns[column + 2]! += sign * p * p;
    columns[column + 3]! += sign * q * q;
    columns[column + 4]! += sign * p * q;
  }
}

function rowTotal(columns: Int32Array, width: number): number {
  let [x, y, xx, yy, xy] = [0, 0, 0, 0, 0];
  let total = 0;
  for (let right = 0; right < width; right++) {
    const add = right * SUMS;
    x += columns[add]!;
    y += columns[add + 1]!;
    xx += columns[add + 2]!;
    yy += columns[add + 3]!;
    xy += columns[add + 4]!;
    if (right >= WINDOW) {
      const drop = (right - WINDOW) * SUMS;
      x -= columns[drop]!;
      y -= columns[drop + 1]!;
      xx -= columns[drop + 2]!;
      yy -= columns[drop + 3]!;
      xy -= columns[drop + 4]!;
    }
    if (right >= WINDOW - 1) total += similarity(x, y, xx, yy, xy);
  }
  return total;
}

/** SSIM of one window from its sums. */
function similarity(x: number, y: number, xx: number, yy: number, xy: number): number {
  const meanX = x / PIXELS;
  const meanY = y / PIXELS;
  const varianceX = COVARIANCE_NORM * (xx / PIXELS - meanX * meanX);
  const varianceY = COVARIANCE_NORM * (yy / PIXELS - meanY * meanY);
  const covariance = COVARIANCE_NORM * (xy / PIXELS - meanX * meanY);
  const luminance = (2 * meanX * meanY + C1) / (meanX * meanX + meanY * meanY + C1);
  return (luminance * (2 * covariance + C2)) / (varianceX + varianceY + C2);
}
