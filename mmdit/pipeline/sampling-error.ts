/** Settings or samples that the model cannot make a picture of; the message says what it can. */
export class SamplingError extends Error {
  override readonly name = 'SamplingError';
}
