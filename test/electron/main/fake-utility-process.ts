import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import { PassThrough, type Readable } from 'node:stream';

/** What a utility process finds in place of Node's own way to its parent. */
const PARENT_PORT = `
  const { send } = process;
  process.parentPort = {
    postMessage: (message) => send.call(process, message),
    on: (name, listener) => process.on(name, (data) => listener({ data, ports: [] })),
  };
  delete process.send;
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
`;

interface ForkOptions {
  readonly stdio?: string;
  readonly serviceName?: string;
}

/** Electron's utility process in Node's: its messages, streams and end as Electron documents and makes them. */
export class FakeUtilityProcess extends EventEmitter {
  readonly #child: ChildProcess;
  readonly stdout: Readable | null = null;
  readonly stderr: Readable | null = null;

  static fork(modulePath: string, args: readonly string[], options: ForkOptions): FakeUtilityProcess {
    return new FakeUtilityProcess(modulePath, args, options);
  }

  private constructor(modulePath: string, args: readonly string[], { stdio = 'inherit' }: ForkOptions) {
    super();
    this.#child = fork(modulePath, args, {
      execArgv: ['--import', `data:text/javascript,${encodeURIComponent(PARENT_PORT)}`],
      serialization: 'advanced',
      stdio: ['ignore', stdio === 'pipe' ? 'pipe' : 'inherit', stdio === 'pipe' ? 'pipe' : 'inherit', 'ipc'],
    });
    this.stdout = this.#child.stdout?.pipe(new PassThrough()) ?? null;
    this.stderr = this.#child.stderr?.pipe(new PassThrough()) ?? null;
    this.#child.on('spawn', () => this.emit('spawn'));
    this.#child.on('message', (message) => this.emit('message', message));
    // waitpid's status; listeners of the streams are gone from then on.
    this.#child.on('exit', (code, signal) => {
      this.emit('exit', signal === null ? code : constants.signals[signal]);
      this.stdout?.removeAllListeners();
      this.stderr?.removeAllListeners();
    });
  }

  get pid(): number | undefined {
    return this.#child.exitCode === null && this.#child.signalCode === null ? this.#child.pid : undefined;
  }

  postMessage(message: unknown): void {
    if (this.#child.connected) this.#child.send(message as object);
  }

  kill(): boolean {
    return this.#child.kill('SIGTERM');
  }
}
