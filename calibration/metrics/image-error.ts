/** Two pictures that cannot be compared; the message says why. */
export class ImageComparisonError extends Error {
  override readonly name = 'ImageComparisonError';
}
