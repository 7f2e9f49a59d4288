import { toErrorInfo } from '../host-errors.ts';
import type { CallMap, CallReport, ToWorker } from './call-messages.ts';
import { parentPort } from './parent-port.ts';

/** What a handler gets beside its params. */
export interface CallContext {
  /** Aborts when the caller gives up. */
  readonly signal: AbortSignal;
  report(report: CallReport): void;
}

export type CallHandlers<M extends CallMap> = {
  readonly [N in keyof M]: (params: M[N]['params'], context: CallContext) => Promise<M[N]['result']> | M[N]['result'];
};

interface ServeOptions {
  /** Whether nothing can be computed here any more after this error. */
  readonly leavesUnusable?: (error: unknown) => boolean;
  /** Hears of every call that failed. */
  readonly onError?: (name: string, error: unknown) => void;
}

/** Answers the calls of a WorkerLink; to be called once by a worker's entry file. */
export function serveCalls<M extends CallMap>(
  handlers: CallHandlers<M>,
  { leavesUnusable = () => false, onError }: ServeOptions = {},
): void {
  const port = parentPort();
  const running = new Map<number, { readonly controller: AbortController; readonly answered: Promise<void> }>();

  const answer = async ({ id, name, params }: Extract<ToWorker, { kind: 'call' }>, signal: AbortSignal) => {
    try {
      const handler = handlers[name];
      if (handler === undefined) throw new Error(`The worker knows no call "${name}"`);
      const report = (report: CallReport) => port.send({ kind: 'report', id, report });
      port.send({ kind: 'result', id, result: await handler(params, { signal, report }) });
    } catch (error) {
      onError?.(name, error);
      port.send({ kind: 'error', id, error: toErrorInfo(error), unusable: leavesUnusable(error) });
    } finally {
      running.delete(id);
    }
  };
  const end = async () => {
    for (const { controller } of running.values()) controller.abort();
    await Promise.all([...running.values()].map(({ answered }) => answered));
    port.end();
  };

  port.onMessage((message) => {
    switch (message.kind) {
      case 'call': {
        port.send({ kind: 'taken', id: message.id });
        const controller = new AbortController();
        // Not at once: an answer that needs no waiting must come after the call is listed.
        const answered = Promise.resolve().then(() => answer(message, controller.signal));
        running.set(message.id, { controller, answered });
        break;
      }
      case 'cancel':
        running.get(message.id)?.controller.abort();
        break;
      case 'end':
        void end();
        break;
      default:
        message satisfies never;
    }
  });
}
