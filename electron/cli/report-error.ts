import { CommanderError } from 'commander';
import { plainMessage } from '../../mmdit/files/describe-issue.ts';
import { CancelledError } from '../engine/cancelled-error.ts';
import { quoteForShell } from '../engine/quote-for-shell.ts';
import { UsageError } from './usage-error.ts';
import { commandName } from '../engine/command-name.ts';

/** The exit codes that scripts may rely on. */
export const EXIT = { ok: 0, failed: 1, usage: 2, cancelled: 130 } as const;

export interface ErrorReport {
  readonly exitCode: number;
  readonly name: string;
  /** One paragraph: what happened, where, and what to do. */
  readonly message: string;
  /** Lines after it, such as how to resume. */
  readonly hint?: string;
}

/** Errors of lower layers that mean "you asked for something impossible" rather than "it failed". */
const USAGE_NAMES = new Set([
  'UsageError',
  'SamplingError',
  'CacheSizeError',
  'OnnxWishError',
  'DeviceNameError',
  'PromptError',
  'CalibrationRequestError',
]);

/** What to tell about an error that ended the command `argv`. `cancelled`: whether the user had asked to stop. */
export function describeError(error: unknown, cancelled: boolean, argv: readonly string[]): ErrorReport {
  if (error instanceof CommanderError) {
    if (error.code === 'commander.help') {
      const unknown = argv[0] === 'help' ? argv[1] : undefined;
      const message = unknown === undefined ? 'give a command' : `unknown command '${unknown}'`;
      return { exitCode: EXIT.usage, name: 'UsageError', message };
    }
    return { exitCode: EXIT.usage, name: 'UsageError', message: error.message.replace(/^error: /, '') };
  }
  if (error instanceof CancelledError) {
    return { exitCode: EXIT.cancelled, name: 'Cancelled', message: error.message, ...resumeHint(error, argv) };
  }
  if (cancelled && isAbort(error)) {
    return { exitCode: EXIT.cancelled, name: 'Cancelled', message: 'Cancelled; nothing was written.' };
  }
  if (!(error instanceof Error)) return { exitCode: EXIT.failed, name: 'Error', message: String(error) };
  const usage = error instanceof UsageError || USAGE_NAMES.has(error.name);
  return {
    exitCode: usage ? EXIT.usage : EXIT.failed,
    name: error.name,
    message: systemMessage(error) ?? plainMessage(error),
    ...(error.name === 'SchemeMismatchError' && { hint: 'Give --force to apply it all the same.' }),
  };
}

function resumeHint({ resumable, command }: CancelledError, argv: readonly string[]): { hint?: string } {
  if (resumable === null) return {};
  const place = ['--model', '--device'].flatMap((option) => optionIn(argv, option));
  const words = [command, ...place, '--out', resumable, '--resume'].map(quoteForShell);
  return { hint: `Go on with: ${[commandName(), ...words].join(' ')}` };
}

/** The words that give an option; none where it is absent. */
function optionIn(argv: readonly string[], option: string): readonly string[] {
  const at = argv.findIndex((word) => word === option || word.startsWith(`${option}=`));
  return at < 0 ? [] : argv[at] === option ? argv.slice(at, at + 2) : [argv[at]!];
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'CancelledError');
}

/** Node's own file errors say `ENOENT: …, open '…'`; people are better served by a sentence. */
function systemMessage(error: NodeJS.ErrnoException): string | undefined {
  if (error.code === undefined || error.path === undefined || error.syscall === undefined) return undefined;
  switch (error.code) {
    case 'ENOENT':
      return `${error.path} does not exist. Check the path.`;
    case 'EACCES':
    case 'EPERM':
      return `${error.path}: permission denied (${error.code}). Make it accessible, or choose another path.`;
    case 'EISDIR':
      return `${error.path} is a folder, where a file is needed.`;
    case 'ENOTDIR':
      return `${error.path}: a part of this path is a file, not a folder.`;
    case 'ENOSPC':
      return `${error.path}: the disk is full (ENOSPC). Free some space, or write to another disk.`;
    case 'EROFS':
      return `${error.path}: the file system is read-only (EROFS). Choose another folder.`;
    default:
      return undefined;
  }
}
