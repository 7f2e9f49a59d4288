/** The user stopped a job. The message says what was kept. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
  /** How to go on, where that is possible. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
