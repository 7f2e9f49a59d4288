import { childProcess } from '../../../electron/host/workers/child-process.ts';
import type { RunningWorker, StartProcess } from '../../../electron/host/workers/start-worker.ts';

/** Starts engines as serve does, and lets a test end them. */
export class WatchedEngine {
  #running: RunningWorker | null = null;
  #atCall: { readonly name: string; readonly signal: NodeJS.Signals } | null = null;
  starts = 0;

  readonly start: StartProcess = (entry, onLine) => {
    const start = childProcess(entry, onLine);
    return (data, events) => {
      this.starts += 1;
      const running = start(data, events);
      this.#running = running;
      return { ...running, send: (message) => this.#send(running, message) };
    };
  };

  /** SIGSTOP stands for native code that computes and hears nothing. */
  signal(signal: NodeJS.Signals): void {
    const pid = this.#running?.pid;
    if (pid == null) throw new Error('No engine is running');
    process.kill(pid, signal);
  }

  /** Calls of this name are never answered: their engine dies before it begins. null: they are again. */
  dieAtCall(at: { readonly name: string; readonly signal: NodeJS.Signals } | null): void {
    this.#atCall = at;
  }

  #send(running: RunningWorker, message: Parameters<RunningWorker['send']>[0]): void {
    const at = this.#atCall;
    if (at === null || message.kind !== 'call' || message.name !== at.name) {
      running.send(message);
      return;
    }
    this.signal('SIGSTOP');
    running.send(message);
    this.signal(at.signal);
    this.signal('SIGCONT');
  }
}
