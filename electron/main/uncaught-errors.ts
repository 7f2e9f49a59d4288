import { app, dialog } from 'electron';
import { toErrorInfo } from '../host/host-errors.ts';
import { errorForLog } from '../host/log/describe-for-log.ts';
import { appLog, withLastLines } from './app-log.ts';
import { explainFailedStart } from './start-error.ts';

/**
 * Electron's own handler shows a stack trace and lets the app run on, with or without a window; of a rejected promise
 * that nobody awaits it only warns. Here both are shown; before there is a window they end the app.
 */
export function reportUncaughtErrors(): void {
  let started = false;
  let isShown = false;
  app.once('browser-window-created', () => {
    started = true;
  });
  const report = (error: unknown) => {
    const log = appLog();
    log.write('error', 'host', `uncaught ${errorForLog(asError(error), log)}`);
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    if (!started) {
      explainFailedStart(error);
      app.exit(1);
      return;
    }
    // A fault that repeats itself must not bury the screen in dialogs.
    if (isShown) return;
    isShown = true;
    const { message } = toErrorInfo(error);
    const detail = `${message}\n\nJobs go on. If something looks wrong, save your schemes and start Arrowhead again.`;
    void dialog
      .showMessageBox({ type: 'error', message: 'Arrowhead met an unexpected error', detail: withLastLines(detail) })
      .finally(() => {
        isShown = false;
      });
  };
  process.on('uncaughtException', report);
  process.on('unhandledRejection', report);
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
