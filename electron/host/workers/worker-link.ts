import { WorkbenchError } from '../../contract/workbench-error.ts';
import type { CallMap, CallOptions, FromWorker, ToWorker } from './call-messages.ts';
import type { RunningWorker, StartWorker, WorkerEnd } from './start-worker.ts';
import { describeCrash } from './worker-crash.ts';

interface PendingCall {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onReport: CallOptions['onReport'];
  /** Whether the worker has begun with it. */
  taken: boolean;
}

/** The worker ended before it had begun with the call. */
class NotTakenError extends Error {
  readonly crash: WorkbenchError;

  constructor(crash: WorkbenchError) {
    super(crash.message);
    this.crash = crash;
  }
}

interface LinkOptions {
  /** What every worker that starts finds as `startData`. */
  readonly data?: () => unknown;
  /** Hears of a worker that ended by itself; `error` is what its calls failed with, null where it had begun none. */
  readonly onCrash?: (end: WorkerEnd, error: WorkbenchError | null) => void;
  /** What `close` gives the calls under way to come to an end, ms. */
  readonly graceMs?: number;
}

const GRACE_MS = 1000;

/**
 * Calls into a worker, several at a time. It starts with the first call; one that ends by itself fails the calls that it
 * has begun with a WorkerCrashedError, and the next call starts another.
 */
export class WorkerLink<M extends CallMap> {
  readonly #start: StartWorker;
  readonly #what: string;
  readonly #options: LinkOptions;
  #connection: Connection | null = null;
  /** Workers whose place another one takes, until they have ended: what they hold on a device is needed. */
  readonly #leaving = new Set<Promise<void>>();
  #nextId = 0;
  #closed = false;

  /** `what` names the worker in errors: "compute engine". */
  constructor(start: StartWorker, what: string, options: LinkOptions = {}) {
    this.#start = start;
    this.#what = what;
    this.#options = options;
  }

  /** Whether a worker is there: one is started by the first call, and none is by this question. */
  get isRunning(): boolean {
    return this.#connection !== null;
  }

  /** Rejects with a WorkbenchError that tells the worker's own error, or a WorkerCrashedError. */
  async call<N extends keyof M & string>(
    name: N,
    params: M[N]['params'],
    options: CallOptions = {},
  ): Promise<M[N]['result']> {
    try {
      return await this.#callOnce(name, params, options);
    } catch (error) {
      if (!(error instanceof NotTakenError)) throw error;
    }
    // It had died before, while nothing was asked of it.
    return this.#callOnce(name, params, options).catch((error: unknown) => {
      throw error instanceof NotTakenError ? error.crash : error;
    });
  }

  async #callOnce(name: string, params: unknown, options: CallOptions): Promise<unknown> {
    while (this.#leaving.size > 0) await Promise.all(this.#leaving);
    if (this.#closed) throw new Error(`The ${this.#what} is closed`);
    this.#connection ??= this.#connect();
    return this.#connection.call(this.#nextId++, name, params, options);
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#connection) this.#retire(this.#connection);
    await Promise.all(this.#leaving);
  }

  #connect(): Connection {
    const { data = () => null, onCrash } = this.#options;
    const connection: Connection = new Connection(this.#start, data(), {
      onUnusable: () => this.#retire(connection),
      onEnd: (end) => {
        if (this.#connection === connection) this.#connection = null;
        const error = connection.fail(describeCrash(this.#what, end));
        if (!connection.isEnding) onCrash?.(end, error);
      },
    });
    return connection;
  }

  /** The next call gets another worker. */
  #retire(connection: Connection): void {
    if (this.#connection === connection) this.#connection = null;
    const ended = connection.end(this.#options.graceMs ?? GRACE_MS).then(() => {
      this.#leaving.delete(ended);
    });
    this.#leaving.add(ended);
  }
}

interface ConnectionEvents {
  /** The worker told an error that leaves it unusable. */
  onUnusable(): void;
  onEnd(end: WorkerEnd): void;
}

/** One worker with the calls that it has to answer. */
class Connection {
  readonly #worker: RunningWorker;
  readonly #events: ConnectionEvents;
  readonly #pending = new Map<number, PendingCall>();
  readonly #ended = Promise.withResolvers<void>();
  #fault: WorkbenchError | null = null;
  isEnding = false;

  constructor(start: StartWorker, data: unknown, events: ConnectionEvents) {
    this.#events = events;
    this.#worker = start(data, {
      onMessage: (message) => this.#receive(message),
      onEnd: (end) => {
        events.onEnd(this.#fault === null ? end : { ...end, signal: null, error: this.#fault });
        this.#ended.resolve();
      },
    });
  }

  call(id: number, name: string, params: unknown, { signal, onReport }: CallOptions): Promise<unknown> {
    const send = (message: ToWorker) => this.#worker.send(message);
    return new Promise<unknown>((resolve, reject) => {
      const cancel = () => send({ kind: 'cancel', id });
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          signal?.removeEventListener('abort', cancel);
          // An idle worker does not keep a program alive.
          if (this.#pending.size === 0) this.#worker.keepAlive(false);
          settle(value);
        };
      this.#worker.keepAlive(true);
      this.#pending.set(id, { resolve: settled(resolve), reject: settled(reject), onReport, taken: false });
      send({ kind: 'call', id, name, params });
      if (signal?.aborted) cancel();
      else signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  /** Fails the calls under way. Returns the error, null where none had been begun. */
  fail(error: WorkbenchError): WorkbenchError | null {
    const calls = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject, taken } of calls) reject(taken || this.isEnding ? error : new NotTakenError(error));
    return calls.some(({ taken }) => taken) ? error : null;
  }

  /** Lets the worker end by itself, and kills it where that takes longer than the grace. */
  async end(graceMs: number): Promise<void> {
    this.isEnding = true;
    this.#worker.keepAlive(true);
    this.#worker.send({ kind: 'end' });
    const timer = setTimeout(() => this.#worker.kill(), graceMs);
    await this.#ended.promise;
    clearTimeout(timer);
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'fault') {
      this.#fault = Object.assign(new WorkbenchError(message.error), { stack: message.stack });
      this.#worker.kill();
      return;
    }
    const call = this.#pending.get(message.id);
    if (!call) return;
    if (message.kind === 'taken') {
      call.taken = true;
      return;
    }
    if (message.kind === 'report') {
      call.onReport?.(message.report);
      return;
    }
    this.#pending.delete(message.id);
    if (message.kind === 'result') call.resolve(message.result);
    else call.reject(new WorkbenchError(message.error));
    if (message.kind === 'error' && message.unusable && !this.isEnding) this.#events.onUnusable();
  }
}
