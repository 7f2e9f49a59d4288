/** Keeps quotients finite where both values are 0, and caps those of tiny values, as the published code does. */
const EPSILON = 1e-6;
const MOST = 10;

/**
 * How far a transformer's output moves when attention is compressed: the mean of |a − b| ÷ max(a, b), each at most 10
 * (DiTFastAttn, `compression_loss` of the published code; the maximum is of the signed values). NaN where any is NaN.
 */
export function outputChange(full: Float32Array, compressed: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < full.length; i++) {
    const [a, b] = [full[i]!, compressed[i]!];
    sum += Math.min(MOST, Math.abs((a - b) / (Math.max(a, b) + EPSILON)));
  }
  return sum / full.length;
}

/** What the change must stay below for a layer to keep a method: later layers may move the output further. */
export function layerThreshold(threshold: number, layer: number, layers: number): number {
  return ((layer + 1) / layers) * threshold;
}
