import { SHARE_ENV, Worker } from 'node:worker_threads';
import type { FromWorker } from './call-messages.ts';
import type { StartWorker } from './start-worker.ts';

/** A thread of this process, with its environment: native code looks for its settings there. */
export function workerThread(entry: URL): StartWorker {
  return (workerData, { onMessage, onEnd }) => {
    const worker = new Worker(entry, { workerData, env: SHARE_ENV });
    let thrown: unknown = null;
    worker.on('message', (message: FromWorker) => onMessage(message));
    worker.on('error', (error) => {
      thrown = error;
    });
    worker.on('exit', (code) => onEnd({ code, signal: null, error: thrown, output: [] }));
    return {
      pid: null,
      send: (message) => worker.postMessage(message),
      keepAlive: (yes) => (yes ? worker.ref() : worker.unref()),
      kill: () => void worker.terminate(),
    };
  };
}
