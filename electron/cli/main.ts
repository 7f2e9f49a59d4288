import process from 'node:process';
import { cancelOnSignals } from './cancellation.ts';
import { EXIT } from './report-error.ts';
import { runCli } from './run-cli.ts';
import { Terminal } from './terminal.ts';

// npm runs a script in the package's folder; paths on the command line mean the folder that the user is in.
if (process.env.npm_lifecycle_event === 'arrowhead' && process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);

const terminal = new Terminal(process.stdout, process.stderr);
let code = await runCli(process.argv.slice(2), terminal, cancelOnSignals(terminal));
const failure = await terminal.flush();
if (failure && code === EXIT.ok) {
  terminal.note(`error: the result could not be written to standard output: ${failure.message}`);
  code = EXIT.failed;
}
// Not left to the event loop: native thread pools may hold it open.
process.exit(code);
