/** A prompt that cannot be encoded; the message says why. */
export class PromptError extends Error {
  override readonly name = 'PromptError';
}
