import type { Readable } from 'node:stream';

const MOST_LINES = 12;
const MOST_CHARACTERS = 400;

/** The lines that a process writes to its standard streams: passed on as they come, the last ones kept. */
export class OutputLines {
  readonly #onLine: (line: string) => void;
  readonly #last: string[] = [];

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  get last(): readonly string[] {
    return this.#last;
  }

  listen(stream: Readable | null): void {
    if (stream === null) return;
    let begun = '';
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      const lines = (begun + text).split(/\r?\n/);
      // A line without an end must not fill the memory.
      begun = lines.pop()!.slice(-MOST_CHARACTERS);
      for (const line of lines) this.#take(line);
    });
    stream.on('end', () => this.#take(begun));
    stream.on('error', () => {});
  }

  #take(line: string): void {
    if (line.trim() === '') return;
    const cut = line.slice(0, MOST_CHARACTERS);
    this.#last.push(cut);
    if (this.#last.length > MOST_LINES) this.#last.shift();
    this.#onLine(cut);
  }
}
