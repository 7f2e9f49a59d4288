import { parentPort } from 'node:worker_threads';
import { toErrorInfo } from '../host-errors.ts';
import type { CallMap, CallReport, FromWorker, ToWorker } from './call-messages.ts';

/** What a handler gets beside its params. */
export interface CallContext {
  /** Aborts when the caller gives up. */
  readonly signal: AbortSignal;
  report(report: CallReport): void;
}

export type CallHandlers<M extends CallMap> = {
  readonly [N in keyof M]: (params: M[N]['params'], context: CallContext) => Promise<M[N]['result']> | M[N]['result'];
};

/** Answers the calls of a WorkerLink; to be called once by a worker's entry file. */
export function serveCalls<M extends CallMap>(handlers: CallHandlers<M>): void {
  const port = parentPort;
  if (port === null) throw new Error('This file runs in a worker thread only');
  const send = (message: FromWorker) => port.postMessage(message);
  const running = new Map<number, AbortController>();
  const answer = async ({ id, name, params }: Extract<ToWorker, { kind: 'call' }>) => {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const handler = handlers[name];
      if (handler === undefined) throw new Error(`The worker knows no call "${name}"`);
      const report = (report: CallReport) => send({ kind: 'report', id, report });
      send({ kind: 'result', id, result: await handler(params, { signal: controller.signal, report }) });
    } catch (error) {
      send({ kind: 'error', id, error: toErrorInfo(error) });
    } finally {
      running.delete(id);
    }
  };
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'call') void answer(message);
    else running.get(message.id)?.abort();
  });
}
