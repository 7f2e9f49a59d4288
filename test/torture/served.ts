import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Workbench } from '../../electron/contract.ts';
import { connectSocketWorkbench } from '../../renderer/workbench/socket-workbench.ts';

const MAIN = path.resolve(import.meta.dirname, '../../electron/cli/main.ts');

const started = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of started) child.kill('SIGKILL');
});

/** Ends with this process at the latest. */
function start(args: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  started.add(child);
  child.once('exit', () => started.delete(child));
  return child;
}

/** `arrowhead serve` in a process of its own, with a client. */
export interface Served {
  readonly child: ChildProcess;
  readonly port: number;
  readonly token: string;
  readonly workbench: Workbench;
  /** What it wrote to standard error. */
  errors(): string;
  /** Ends it by a signal, and waits until it has. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Rejects with what it says where it does not start. */
export async function startServed(library: string): Promise<Served> {
  const child = start(['serve', '--port', '0', '--json', '--library', library]);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const exited = once(child, 'exit');
  const [text] = (await Promise.race([once(child.stdout, 'data'), exited.then(() => [''])])) as [Buffer | string];
  const told = text.length > 0 ? JSON.parse(String(text)) : { error: { message: errors } };
  if (told.error !== undefined) {
    await exited;
    throw new Error(told.error.message);
  }
  const token = new URLSearchParams(new URL(told.url).hash.slice(1)).get('token')!;
  const connection = connectSocketWorkbench(`ws://127.0.0.1:${told.port}/workbench`, token);
  return {
    ...{ child, port: told.port, token, workbench: connection.workbench, errors: () => errors },
    async end(signal) {
      connection.close();
      child.kill(signal);
      await exited;
      return child.exitCode;
    },
  };
}

/** The command line, to its end or its death. */
export async function runArrowhead(args: readonly string[], onStart: (child: ChildProcess) => void = () => {}) {
  const child = start(args);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  onStart(child);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** Processes whose arguments name this folder, but for this one. */
export function processesOf(folder: string): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return words.includes(folder) ? [`${pid} ${words.slice(0, 200)}`] : [];
    } catch {
      return [];
    }
  });
}

/** Processes that a process has started, and those that they have. */
export function childrenOf(pid: number): number[] {
  try {
    const own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(/\s+/)
      .filter(Boolean)
      .map(Number);
    return own.flatMap((child) => [child, ...childrenOf(child)]);
  } catch {
    return [];
  }
}

/** Resident memory of a process at its peak, bytes. */
export function peakMemory(pid: number): number {
  const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1] ?? 0) * 1024;
}
