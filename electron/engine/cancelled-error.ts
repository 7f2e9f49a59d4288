/** The user stopped a job. The message says what was kept. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
  /** The folder of work that can be resumed. */
  readonly resumable: string | null;
  /** Of the command line, what goes on with it. */
  readonly command: 'calibrate' | 'ablate';

  constructor(message: string, resumable: string | null = null, command: 'calibrate' | 'ablate' = 'calibrate') {
    super(message);
    this.resumable = resumable;
    this.command = command;
  }
}
