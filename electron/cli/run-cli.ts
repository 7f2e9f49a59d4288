import { Command, CommanderError } from 'commander';
import packageInfo from '../../package.json' with { type: 'json' };
import type { CliContext } from './cli-context.ts';
import { ablateCommand } from './commands/ablate.ts';
import { benchCommand } from './commands/bench.ts';
import { cacheCommand } from './commands/cache.ts';
import { calibrateCommand } from './commands/calibrate.ts';
import { compareCommand } from './commands/compare.ts';
import { demoCommand } from './commands/demo.ts';
import { devicesCommand } from './commands/devices.ts';
import { generateCommand } from './commands/generate.ts';
import { modelsCommand } from './commands/models.ts';
import { serveCommand } from './commands/serve.ts';
import { solveCommand } from './commands/solve.ts';
import { synthesizeCommand } from './commands/synthesize.ts';
import { verifyCommand } from './commands/verify.ts';
import { weightsCommand } from './commands/weights.ts';
import { examples } from './examples.ts';
import { toJson } from './json.ts';
import { describeError, EXIT } from './report-error.ts';
import { ReportedFailure } from './reported-failure.ts';
import type { Terminal } from './terminal.ts';
import { commandName } from '../engine/command-name.ts';
import { describeCommand, helpRequested } from './help-json.ts';

/** Runs one command line to its end and returns the exit code: 0, 1 (failed), 2 (usage) or 130 (cancelled). */
export async function runCli(argv: readonly string[], terminal: Terminal, signal: AbortSignal): Promise<number> {
  const context: CliContext = { terminal, signal, json: argv.includes('--json') };
  try {
    const program = buildProgram(context);
    const asked = helpRequested(program, argv);
    if (asked) terminal.print(toJson(describeCommand(asked)));
    else await program.parseAsync(argv, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    if (error instanceof ReportedFailure) return EXIT.failed;
    return reportError(error, context, argv);
  }
}

function reportError(error: unknown, { terminal, signal, json }: CliContext, argv: readonly string[]): number {
  const { exitCode, name, message, hint } = describeError(error, signal.aborted, argv);
  if (json) terminal.print(toJson({ error: { name, message, ...(hint === undefined ? {} : { hint }), exitCode } }));
  terminal.note(exitCode === EXIT.cancelled ? message : `error: ${message}`);
  if (hint !== undefined) terminal.note(hint);
  if (exitCode === EXIT.usage) terminal.note('Add --help to a command to see what it takes.');
  if (process.env.ARROWHEAD_DEBUG === '1' && error instanceof Error) terminal.note(fullStack(error));
  return exitCode;
}

function fullStack(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${fullStack(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

export function buildProgram(context: CliContext): Command {
  const { terminal } = context;
  const program = new Command(commandName())
    .description('Head-wise attention compression of multi-modality diffusion transformers.')
    .version(packageInfo.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
      // Errors are reported in one place, together with those of the work itself.
      outputError: () => {},
      getOutHelpWidth: () => Math.min(terminal.columns, 110),
    })
    .addHelpText(
      'after',
      examples(
        'arrowhead demo',
        'arrowhead generate --prompt "a red cube" --seed 7 --out cube.png',
        'arrowhead calibrate --help',
      ),
    )
    .addHelpText(
      'after',
      `
With --json standard output is exactly one JSON object; an error is { error: { name, message, exitCode } }, with a hint
where there is one. Progress goes to standard error. (npm run prints two lines of its own: use npx, or npm run --silent.)
--help --json prints { name, description, arguments, options, commands } of a command and those below it; options have
name, flags, value, description, required, repeatable, choices, default and env.
Exit codes: 0 done, 1 failed, 2 usage, 130 cancelled. ARROWHEAD_DEBUG=1 adds stack traces to errors.`,
    );
  for (const addCommand of [
    demoCommand,
    serveCommand,
    generateCommand,
    calibrateCommand,
    solveCommand,
    ablateCommand,
    benchCommand,
    compareCommand,
    verifyCommand,
    weightsCommand,
    devicesCommand,
    modelsCommand,
    cacheCommand,
    synthesizeCommand,
  ]) {
    addCommand(program, context);
  }
  return program;
}
