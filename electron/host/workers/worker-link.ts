import { Worker } from 'node:worker_threads';
import { WorkbenchError } from '../../contract/workbench-error.ts';
import { toErrorInfo } from '../host-errors.ts';
import type { CallMap, CallOptions, FromWorker, ToWorker } from './call-messages.ts';

interface PendingCall {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onReport: CallOptions['onReport'];
}

/**
 * Calls into a worker thread, several at a time. The thread starts with the first call; one that dies fails the calls
 * under way with a WorkerCrashedError, and the next call starts a new one.
 */
export class WorkerLink<M extends CallMap> {
  readonly #entry: URL;
  readonly #what: string;
  readonly #data: () => unknown;
  readonly #pending = new Map<number, PendingCall>();
  #worker: Worker | null = null;
  #nextId = 0;
  #closed = false;

  /** `what` names the worker in errors: "compute engine". `data`: what every thread that starts finds as workerData. */
  constructor(entry: URL, what: string, data: () => unknown = () => null) {
    this.#entry = entry;
    this.#what = what;
    this.#data = data;
  }

  /** Rejects with a WorkbenchError that tells the worker's own error. */
  call<N extends keyof M & string>(
    name: N,
    params: M[N]['params'],
    { signal, onReport }: CallOptions = {},
  ): Promise<M[N]['result']> {
    if (this.#closed) return Promise.reject(new Error(`The ${this.#what} is closed`));
    const id = this.#nextId++;
    const worker = this.#start();
    const send = (message: ToWorker) => worker.postMessage(message);
    return new Promise<unknown>((resolve, reject) => {
      const cancel = () => send({ kind: 'cancel', id });
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          signal?.removeEventListener('abort', cancel);
          // An idle worker does not keep a program alive.
          if (this.#pending.size === 0) worker.unref();
          settle(value);
        };
      worker.ref();
      this.#pending.set(id, { resolve: settled(resolve), reject: settled(reject), onReport });
      send({ kind: 'call', id, name, params });
      if (signal?.aborted) cancel();
      else signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(this.#entry, { workerData: this.#data() });
    worker.on('message', (message: FromWorker) => this.#receive(message));
    worker.on('error', (error) => this.#fail(worker, error));
    worker.on('exit', (code) => this.#fail(worker, new Error(`it ended with code ${code}`)));
    this.#worker = worker;
    return worker;
  }

  #receive(message: FromWorker): void {
    const call = this.#pending.get(message.id);
    if (!call) return;
    if (message.kind === 'report') {
      call.onReport?.(message.report);
      return;
    }
    this.#pending.delete(message.id);
    if (message.kind === 'result') call.resolve(message.result);
    else call.reject(new WorkbenchError(message.error));
  }

  #fail(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    const error = new WorkbenchError({
      name: 'WorkerCrashedError',
      message: `The ${this.#what} stopped: ${toErrorInfo(cause).message}.`,
      hint: 'It starts anew with the next job; a calibration goes on with Resume.',
    });
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
