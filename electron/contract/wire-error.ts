/** A message that cannot be put on the wire, or bytes from it that are no message. */
export class WireError extends Error {
  override readonly name = 'WireError';
}
