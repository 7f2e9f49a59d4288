import { dialog } from 'electron';
import { toErrorInfo } from '../host/host-errors.ts';
import { withLastLines } from './app-log.ts';

/** What to do about a start that failed, by what the error's code or text says. The first that fits is shown. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /\.node\b|ERR_DLOPEN|dlopen|NODE_MODULE_VERSION|GLIBC/i,
    'A native part could not be loaded. Install Arrowhead for this system again; in a clone, run "npm run build:native".',
  ],
  [/ENOSPC|disk is full/i, 'Free some space on that disk, then start Arrowhead again.'],
  [
    /EACCES|EPERM|EROFS|permission|read-only/i,
    'Arrowhead keeps its runs there. Make the folder writable, or set ARROWHEAD_LIBRARY to one that is.',
  ],
];

/**
 * Says why the app cannot start and what to do about it. `showErrorBox` needs no window and no ready app; on Linux it
 * writes to stderr where there is no screen yet.
 */
export function explainFailedStart(error: unknown): void {
  const { message, hint } = toErrorInfo(error);
  const said = [...causesOf(error)].join(' ');
  const advice = hint ?? ADVICE.find(([pattern]) => pattern.test(said))?.[1];
  const text = advice === undefined ? message : `${message}\n\n${advice}`;
  dialog.showErrorBox('Arrowhead could not start', withLastLines(text));
}

/** Codes and messages of an error and of what caused it. */
function* causesOf(error: unknown): Generator<string> {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause) yield String(cause.code);
    yield cause.message;
  }
}
