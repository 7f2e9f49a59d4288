import type { WriteStream } from 'node:tty';
import { visibleLines } from '../../mmdit/files/visible-text.ts';

/** The two streams that a command writes to. A reader that goes away (`| head`) ends the output, never the work. */
export class Terminal {
  readonly #out: Output;
  readonly #err: Output;

  constructor(out: NodeJS.WriteStream, err: NodeJS.WriteStream) {
    this.#out = new Output(out);
    this.#err = new Output(err);
  }

  /** The result of a command: standard output. */
  print(text: string): void {
    this.#out.write(`${text}\n`);
  }

  /** Progress, warnings, errors: standard error. */
  note(text: string): void {
    this.#err.write(`${text}\n`);
  }

  /** Where a progress bar may draw: standard error as a terminal, else null. */
  get barStream(): WriteStream | null {
    return this.#err.stream.isTTY ? (this.#err.stream as WriteStream) : null;
  }

  /** Characters per line of standard output; 80 where it is no terminal. */
  get columns(): number {
    return this.#out.stream.columns ?? 80;
  }

  /** Waits until everything is written. Returns why the result could not be: standard output on a full disk, say. */
  async flush(): Promise<Error | null> {
    await Promise.all([this.#out.flush(), this.#err.flush()]);
    return this.#out.failure;
  }
}

class Output {
  readonly stream: NodeJS.WriteStream;
  failure: Error | null = null;
  #closed = false;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#closed = true;
      // A reader that has read enough is no failure.
      if (error.code !== 'EPIPE') this.failure = error;
    });
  }

  write(text: string): void {
    // Words of files and checkpoints are among it: none may move the cursor, forge a line or set the window's title.
    if (!this.#closed) this.stream.write(visibleLines(text));
  }

  flush(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      // A failed write calls back before its error event comes.
      this.stream.write('', () => setImmediate(resolve));
    });
  }
}
