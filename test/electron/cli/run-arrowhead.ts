import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { runCli } from '../../../electron/cli/run-cli.ts';
import { Terminal } from '../../../electron/cli/terminal.ts';

const MAIN = fileURLToPath(new URL('../../../electron/cli/main.ts', import.meta.url));

export interface CliResult {
  /** null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliProcess {
  readonly child: ChildProcess;
  readonly result: Promise<CliResult>;
  /** Resolves when standard error has held this. */
  said(text: string): Promise<void>;
}

/** Starts the command line in a process of its own, as a shell does. */
export function startArrowhead(args: readonly string[], options: { cwd?: string } = {}): CliProcess {
  return track(spawn(process.execPath, [MAIN, ...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** The command line in a process of its own, to its end. */
export function runProcess(...args: readonly string[]): Promise<CliResult> {
  return startArrowhead(args).result;
}

/** The command line in this process: quicker, and the same but for signals, limits and the streams' ends. */
export async function runArrowhead(...args: readonly string[]): Promise<CliResult> {
  const streams = [new PassThrough(), new PassThrough()] as const;
  const terminal = new Terminal(...(streams as unknown as [NodeJS.WriteStream, NodeJS.WriteStream]));
  const code = await runCli(args, terminal, new AbortController().signal);
  const [stdout, stderr] = streams.map((stream) => stream.read()?.toString() ?? '') as [string, string];
  return { code, stdout, stderr };
}

export interface LauncherOptions {
  /** As a Node that does not run TypeScript. */
  readonly oldNode?: boolean;
}

/** Through `bin.mjs`, as `npx arrowhead` does. */
export function startLauncher(options: LauncherOptions, ...args: readonly string[]): CliProcess {
  return track(spawn(process.execPath, launcherWords(options, args), { stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** The same below a shell below a process that stands for npm, which is the one that `child` names. */
export function startUnderNpm(options: LauncherOptions, ...args: readonly string[]): CliProcess {
  const npm = `
    const { spawn } = require('node:child_process');
    const env = { ...process.env, npm_command: 'run', npm_lifecycle_event: 'arrowhead' };
    spawn('sh', ['-c', '"$0" "$@"', process.execPath, ...process.argv.slice(1)], { stdio: 'inherit', env });`;
  const words = ['-e', npm, '--', ...launcherWords(options, args)];
  return track(spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] }));
}

function launcherWords({ oldNode = false }: LauncherOptions, args: readonly string[]): string[] {
  const launcher = path.join(path.dirname(MAIN), 'bin.mjs');
  return [...(oldNode ? ['--no-experimental-strip-types'] : []), launcher, ...args];
}

/** The same where no file may grow beyond `kilobytes`: a write fails half-way, as on a full disk. */
export function runArrowheadWithLittleSpace(kilobytes: number, ...args: readonly string[]): Promise<CliResult> {
  // Dash counts in units of 512 bytes.
  const script = `ulimit -f ${kilobytes * 2}; exec "$0" "$@"`;
  const child = spawn('sh', ['-c', script, process.execPath, MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  return track(child).result;
}

/** The same bound by file permissions, which the superuser is not. */
export function runArrowheadUnprivileged(...args: readonly string[]): Promise<CliResult> {
  const command = [process.execPath, MAIN, ...args];
  const asRoot = process.platform === 'linux' && process.getuid?.() === 0;
  const [program, ...rest] = asRoot ? ['setpriv', '--bounding-set=-dac_override', '--', ...command] : command;
  return track(spawn(program!, rest, { stdio: ['ignore', 'pipe', 'pipe'] })).result;
}

function track(child: ChildProcess): CliProcess {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const result = new Promise<CliResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  const said = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (stderr.includes(text)) resolve();
      };
      look();
      child.stderr?.on('data', look);
      child.on('close', () => reject(new Error(`It ended without saying "${text}": ${stderr}`)));
    });
  return { child, result, said };
}
