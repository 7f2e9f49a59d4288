import { app } from 'electron';
import { type Log, openLog } from '../host/log/log.ts';

const SHOWN_LINES = 5;

let opened: Log | null = null;

/** The app's log, in Electron's folder for logs. */
export function appLog(): Log {
  opened ??= openLog(app.getPath('logs'));
  return opened;
}

/** What a dialog says, with the log's last lines and its place below. */
export function withLastLines(text: string): string {
  const { file, last } = appLog();
  const lines = last(SHOWN_LINES);
  const parts = [text];
  if (lines.length > 0) parts.push(lines.join('\n'));
  if (file !== null) parts.push(`The log: ${file}`);
  return parts.join('\n\n');
}
