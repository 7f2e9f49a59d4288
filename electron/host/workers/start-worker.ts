import type { FromWorker, ToWorker } from './call-messages.ts';

/** How a worker ended. */
export interface WorkerEnd {
  /** null: it was killed by `signal`, or never started. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it threw, or why it could not be started. */
  readonly error: unknown;
  /** The last lines that it wrote; none of a thread, which shares the host's streams. */
  readonly output: readonly string[];
}

/** The other side of a WorkerLink: a thread or a process. */
export interface RunningWorker {
  /** Of a process; null for a thread, and for a process that could not be started. */
  readonly pid: number | null;
  /** Does nothing once it has ended. */
  send(message: ToWorker): void;
  /** Whether it keeps this program alive. */
  keepAlive(yes: boolean): void;
  /** Ends it at once, whatever it does. */
  kill(): void;
}

export interface WorkerEvents {
  onMessage(message: FromWorker): void;
  /** Once, after its last message. */
  onEnd(end: WorkerEnd): void;
}

/** Starts a worker that finds `data`, which JSON can carry, by `startData`. Throws nothing: `onEnd` says what failed. */
export type StartWorker = (data: unknown, events: WorkerEvents) => RunningWorker;

/** How a process that answers calls is started; `onLine` hears what it writes to its standard streams. */
export type StartProcess = (entry: URL, onLine: (line: string) => void) => StartWorker;
