import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { connectSocketWorkbench, type SocketConnection } from '../../../renderer/workbench/socket-workbench.ts';

const MAIN = path.resolve(import.meta.dirname, '../../../electron/cli/main.ts');

/** `arrowhead serve` as people start it: a process of its own, on this machine alone. */
export class ServedProcess {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #clients: SocketConnection[] = [];

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  static async start(library: string): Promise<ServedProcess> {
    const args = [MAIN, 'serve', '--port', '0', '--library', library, '--json'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: child.stdout! })) {
      return new ServedProcess((JSON.parse(line) as { url: string }).url, child);
    }
    throw new Error('arrowhead serve ended at once');
  }

  /** A window's own client. */
  connect(): SocketConnection {
    const { host, hash } = new URL(this.url);
    const token = new URLSearchParams(hash.slice(1)).get('token');
    const client = connectSocketWorkbench(`ws://${host}/workbench`, token, {
      // Slow answers are what is measured, not a reason to give up.
      silenceMs: 600_000,
    });
    this.#clients.push(client);
    return client;
  }

  /** Resident memory of the host's process, MB. */
  async hostMegabytes(): Promise<number> {
    return residentMegabytes(this.#child.pid!);
  }

  /** Of the host and its children together, MB. */
  async allMegabytes(): Promise<number> {
    const pids = [this.#child.pid!, ...(await childrenOf(this.#child.pid!))];
    const sizes = await Promise.all(pids.map((pid) => residentMegabytes(pid)));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Seconds from SIGTERM to the end of the process; it is killed after a minute. */
  async terminate(): Promise<{ readonly seconds: number; readonly code: number | null }> {
    const started = performance.now();
    const killed = setTimeout(() => this.#child.kill('SIGKILL'), 60_000);
    this.#child.kill('SIGTERM');
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    clearTimeout(killed);
    for (const client of this.#clients) client.close();
    return { seconds: (performance.now() - started) / 1000, code: this.#child.exitCode };
  }
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1000;
}

async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => ''));
  return (await Promise.all(lists)).join(' ').split(' ').filter(Boolean).map(Number);
}
