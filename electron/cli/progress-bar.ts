import { SingleBar } from 'cli-progress';
import { visibleText } from '../../mmdit/files/visible-text.ts';
import { type Progress, secondsLeft } from '../engine/progress.ts';
import { formatDuration } from './format.ts';
import type { Terminal } from './terminal.ts';

/** Where there is no terminal a line is printed when this much was done … */
const LINE_EVERY_PART = 0.1;
/** … or this much time has passed. */
const LINE_EVERY_MS = 10_000;

export interface ProgressDisplay {
  update(progress: Progress): void;
  /** A line beside the progress, such as a warning. */
  note(text: string): void;
  stop(): void;
}

/** A bar with an ETA where standard error is a terminal, plain lines where it is not, only notes where `quiet`. */
export function showProgress(terminal: Terminal, quiet: boolean): ProgressDisplay {
  if (quiet) return { update: () => {}, note: (text) => terminal.note(text), stop: () => {} };
  return terminal.barStream ? new Bar(terminal, terminal.barStream) : new Lines(terminal);
}

class Bar implements ProgressDisplay {
  readonly #terminal: Terminal;
  readonly #bar: SingleBar;
  /** When the job's own work began: loading does not count for its speed. */
  #startedAt = performance.now();
  #started = false;

  constructor(terminal: Terminal, stream: NodeJS.WritableStream) {
    this.#terminal = terminal;
    this.#bar = new SingleBar({
      stream,
      format: '{title} {bar} {percentage}%{left}{detail}',
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 28,
      fps: 10,
      hideCursor: true,
      clearOnComplete: true,
      // Signals are the command's own to handle.
      gracefulExit: false,
      autopadding: true,
    });
  }

  update({ value, title, detail, etaSeconds }: Progress): void {
    if (value === 0) this.#startedAt = performance.now();
    const left = etaSeconds ?? secondsLeft(value, (performance.now() - this.#startedAt) / 1000);
    const payload = {
      title: visibleText(title),
      left: left === null ? '' : ` · ${formatDuration(left)} left`,
      detail: detail === '' ? '' : ` · ${visibleText(detail)}`,
    };
    // Whole thousandths, below the total: a bar that reaches its total stops itself.
    const thousandths = Math.min(999, Math.floor(value * 1000));
    if (this.#started) this.#bar.update(thousandths, payload);
    else this.#bar.start(1000, thousandths, payload);
    this.#started = true;
  }

  note(text: string): void {
    this.stop();
    this.#terminal.note(text);
  }

  stop(): void {
    if (this.#started) this.#bar.stop();
    this.#started = false;
  }
}

class Lines implements ProgressDisplay {
  readonly #terminal: Terminal;
  #startedAt = performance.now();
  #title = '';
  #value = 0;
  #at = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  update({ value, title, detail, etaSeconds }: Progress): void {
    const now = performance.now();
    if (value === 0) this.#startedAt = now;
    const due = value - this.#value >= LINE_EVERY_PART || now - this.#at >= LINE_EVERY_MS;
    if (title === this.#title && !due) return;
    this.#title = title;
    this.#value = value;
    this.#at = now;
    const left = etaSeconds ?? secondsLeft(value, (now - this.#startedAt) / 1000);
    const parts = [
      `${title}: ${Math.floor(value * 100)}%`,
      detail,
      left === null ? '' : `${formatDuration(left)} left`,
    ];
    this.#terminal.note(parts.filter((part) => part !== '').join(' · '));
  }

  note(text: string): void {
    this.#terminal.note(text);
  }

  stop(): void {}
}
