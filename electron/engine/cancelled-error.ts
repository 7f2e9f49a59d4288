/** The user stopped a job. The message says what was kept. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
  /** The run folder of a calibration that can be resumed. */
  readonly resumable: string | null;

  constructor(message: string, resumable: string | null = null) {
    super(message);
    this.resumable = resumable;
  }
}
