import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import { inArrowheadHome } from '../../../mmdit/files/arrowhead-home.ts';
import { quoteForShell } from '../../engine/quote-for-shell.ts';
import { SETTINGS_FOLDER } from '../../host/models/open-model-list.ts';
import type { WorkbenchHost } from '../../host/workbench-host.ts';
import { inAddress, isLoopback } from '../../server/known-hosts.ts';
import type { WorkbenchServer } from '../../server/serve-workbench.ts';
import { parsePort } from '../arguments/port.ts';
import type { CliContext } from '../cli-context.ts';
import { examples } from '../examples.ts';
import { toJson } from '../json.ts';
import { openLogin } from '../open-login.ts';
import { UsageError } from '../usage-error.ts';
import { commandName } from '../../engine/command-name.ts';
import { DEFAULT_LIBRARY, LIBRARY_VARIABLE } from '../../engine/library-folder.ts';
import { parsePath } from '../arguments/paths.ts';

interface ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly library: string;
  readonly allowRemote?: boolean;
  readonly open?: boolean;
  readonly json?: boolean;
}

const DEFAULT_PORT = 7433;
const DEFAULT_HOST = '127.0.0.1';
/** Of the log, where an error ends the program. */
const SHOWN_LINES = 8;
const PAGES = fileURLToPath(new URL('../../../dist/renderer', import.meta.url));

export function serveCommand(program: Command, { terminal, signal }: CliContext): void {
  program
    .command('serve')
    .summary('the workbench in a browser, of this machine or through ssh')
    .description('Serve the workbench to a browser: on this machine, or on yours through an ssh tunnel.')
    .option('--port <n>', 'port to listen at; 0 takes any free one', parsePort, DEFAULT_PORT)
    .option('--host <address>', 'address or name to listen at', DEFAULT_HOST)
    .addOption(
      new Option('--library <folder>', 'folder of runs')
        .env(LIBRARY_VARIABLE)
        .default(DEFAULT_LIBRARY)
        .argParser(parsePath),
    )
    .option('--allow-remote', 'let other machines connect: needed for a --host that is not this machine alone')
    .option('--open', 'open the workbench in the browser')
    .option('--json', 'print one JSON object on standard output once it listens, errors included')
    .addHelpText('after', examples('arrowhead serve --open', 'arrowhead serve --port 8080 --library /data/runs'))
    .addHelpText(
      'after',
      `
The printed address holds a token that is new at every start: anyone who has it can use the workbench as you can.

On a machine with a GPU that you reach by ssh, start ${commandName()} serve there, and on your own machine run:
  ssh -L ${DEFAULT_PORT}:127.0.0.1:${DEFAULT_PORT} user@gpu-machine
Then open the printed address in your own browser. --allow-remote needs no tunnel, but neither encrypts: everyone on
the way can read token and pictures.

Ctrl-C ends it: running jobs stop after the work in hand and can be resumed. That exits 0.`,
    )
    .action(async (options: ServeOptions) => {
      const { port, host, library, allowRemote } = options;
      if (!allowRemote && !isLoopback(host)) throw notLoopback(host);
      const { createWorkbench } = await import('../../host/workbench-host.ts');
      const { serveWorkbench } = await import('../../server/serve-workbench.ts');
      const { openLog } = await import('../../host/log/log.ts');
      const { logUncaught } = await import('../../host/log/log-events.ts');
      // Standard error has the errors of the log, and where to find the rest.
      const log = openLog(inArrowheadHome('logs'), { onError: (entry) => terminal.note(entry) });
      logUncaught(log, () => {
        for (const line of log.last(SHOWN_LINES)) terminal.note(line);
        if (log.file !== null) terminal.note(`The log: ${log.file}`);
      });
      const workbench = await createWorkbench({ library, log, hasRemoteClients: allowRemote ?? false });
      let server: WorkbenchServer | undefined;
      const ended = new AbortController();
      let opened: Promise<void> | undefined;
      try {
        server = await serveWorkbench(workbench, { host, port, pages: PAGES });
        announce(server);
        // A signal that came before is told by no event.
        if (!signal.aborted) await once(signal, 'abort');
      } finally {
        ended.abort();
        await opened;
        await end(workbench, server);
      }

      function announce({ url, port }: WorkbenchServer): void {
        const folder = path.resolve(library);
        const { file } = log;
        if (options.json) terminal.print(toJson({ url, host, port, library: folder, log: file, pid: process.pid }));
        else terminal.print(describe({ url, host, port, folder, log: file }));
        if (!existsSync(path.join(PAGES, 'index.html')))
          terminal.note('note: the window is not built yet. Run npm run build:renderer, then reload the page.');
        if (!isLoopback(host))
          terminal.note('note: other machines can connect, and nothing is encrypted. An ssh tunnel is: see --help.');
        if (options.open) {
          // A browser that is missing must not show the token again, or the page that is gone.
          opened = openLogin(url, path.join(folder, SETTINGS_FOLDER), ended.signal).catch(() =>
            terminal.note('No browser could be started. Open the printed address yourself.'),
          );
        }
      }
    });
}

/** The jobs first, so that windows still hear how they ended. */
async function end(workbench: WorkbenchHost, server: WorkbenchServer | undefined): Promise<void> {
  try {
    await workbench.close();
  } finally {
    await server?.close();
  }
}

function notLoopback(host: string): UsageError {
  return new UsageError(
    `--host ${host} lets other machines connect. Give --allow-remote if you want that, or leave --host out and use an ` +
      `ssh tunnel, which encrypts (${commandName()} serve --help shows how).`,
  );
}

interface Place {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly folder: string;
  readonly log: string | null;
}

function describe({ url, host, port, folder, log }: Place): string {
  const lines = [`workbench  ${url}`, `runs       ${folder}`, ...(log === null ? [] : [`log        ${log}`])];
  if (isLoopback(host)) {
    const tunnel = `${port}:${inAddress(host)}:${port}`;
    lines.push(
      '',
      `From another machine: ssh -L ${tunnel} ${quoteForShell(`${user()}@${hostname()}`)}`,
      'Then open the same address there.',
    );
  }
  return [...lines, '', 'Ctrl-C ends it.'].join('\n');
}

function user(): string {
  try {
    return userInfo().username;
  } catch {
    // Containers run under ids that have no name.
    return 'user';
  }
}
