import { writeFileSync } from 'node:fs';
import { parentPort as threadPort, Worker, workerData } from 'node:worker_threads';
import { toErrorInfo } from '../host-errors.ts';
import type { FromWorker, ToWorker } from './call-messages.ts';

/** A worker's way back to the host that started it. */
export interface ParentPort {
  send(message: FromWorker): void;
  onMessage(listener: (message: ToWorker) => void): void;
  /** Ends this worker at once. */
  end(): void;
}

/** What Electron gives a utility process; no other process has it. */
interface UtilityPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

/** What this worker was started with. */
export function startData(): unknown {
  return threadPort === null ? JSON.parse(process.argv.at(-1) ?? 'null') : workerData;
}

/** Throws where this program was started by no host. */
export function parentPort(): ParentPort {
  if (threadPort !== null) {
    const port = threadPort;
    return {
      send: (message) => port.postMessage(message),
      onMessage: (listener) => void port.on('message', listener),
      end: () => process.exit(),
    };
  }
  const port = utilityPort() ?? childPort();
  standBehindHost();
  process.on('uncaughtException', (error) =>
    port.send({ kind: 'fault', error: toErrorInfo(error), stack: error instanceof Error ? (error.stack ?? '') : '' }),
  );
  return port;
}

function utilityPort(): ParentPort | null {
  const port = (process as { parentPort?: UtilityPort }).parentPort;
  if (port === undefined) return null;
  return {
    send: (message) => port.postMessage(message),
    onMessage: (listener) => port.on('message', ({ data }) => listener(data as ToWorker)),
    end: endProcess,
  };
}

function childPort(): ParentPort {
  if (process.send === undefined) throw new Error('This file runs in a worker of the host only');
  process.on('disconnect', endProcess);
  new Worker(WATCH_HOST, { eval: true, workerData: process.ppid }).unref();
  return {
    send: (message) => {
      // A host that is gone hears nothing, and this process is about to end.
      if (process.connected) process.send!(message, undefined, undefined, () => {});
    },
    onMessage: (listener) => void process.on('message', listener as (message: unknown) => void),
    end: endProcess,
  };
}

/** A thread, since 'disconnect' waits for as long as native code computes on the main one. */
const WATCH_HOST = `
  const { workerData: host } = require('node:worker_threads');
  setInterval(() => {
    try {
      process.kill(host, 0);
      if (process.ppid === host) return;
    } catch {}
    process.kill(process.pid, 'SIGKILL');
  }, 1000);
`;

/** Neither `exit` handlers nor native threads may hold up the end: whole files are on disk, and nothing else counts. */
function endProcess(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** The host alone decides when a worker process ends; only a lack of memory takes the worker first. */
function standBehindHost(): void {
  // Ctrl-C and a closed terminal reach every process of the terminal.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  if (process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/oom_score_adj', '500');
  } catch {
    // Not allowed everywhere, and only a preference.
  }
}
