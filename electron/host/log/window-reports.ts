import type { RequestParams } from '../../contract.ts';
import { errorForLog } from './describe-for-log.ts';
import type { Log } from './log.ts';

type Report = RequestParams<'log.report'>;

/** Entries of all windows together in a minute; a window that is stuck in an error must not push out the rest. */
const MOST_PER_MINUTE = 60;

/** Logs what windows report, a bounded number in a minute. */
export class WindowReports {
  readonly #log: Log;
  #minute = 0;
  #count = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  take({ level, name, message, stack }: Report): void {
    const minute = Math.floor(performance.now() / 60_000);
    if (minute !== this.#minute) {
      if (this.#count > MOST_PER_MINUTE) this.#log.write('warn', 'window', `${this.#count - MOST_PER_MINUTE} more`);
      this.#minute = minute;
      this.#count = 0;
    }
    this.#count += 1;
    if (this.#count <= MOST_PER_MINUTE) {
      this.#log.write(level, 'window', errorForLog({ name, message, stack }, this.#log));
    }
  }
}
