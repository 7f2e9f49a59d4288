export type Outputs = Readonly<Record<string, Float32Array>>;

/** ‖actual − expected‖ / ‖expected‖ of the output where it is largest; infinite where there are no numbers. */
export function largestDifference(actual: Outputs, expected: Outputs): number {
  const differences = Object.entries(expected).map(([name, values]) => relative(actual[name], values));
  return Math.max(0, ...differences);
}

function relative(actual: Float32Array | undefined, expected: Float32Array): number {
  if (actual?.length !== expected.length) return Number.POSITIVE_INFINITY;
  let [error, size] = [0, 0];
  for (const [at, value] of expected.entries()) {
    error += (actual[at]! - value) ** 2;
    size += value ** 2;
  }
  if (error === 0) return 0;
  const difference = Math.sqrt(error / size);
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
}
