import { accessSync, constants, existsSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import logger from 'electron-log/node.js';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';
export type LogSource = 'host' | 'engine' | 'window';

/**
 * What happened, for a bug report: one line per entry. At the default level it holds no text that a person typed and no
 * token; ARROWHEAD_LOG=debug adds the messages of errors, which may quote prompts.
 */
export interface Log {
  /** null where no file can be written. */
  readonly file: string | null;
  /** Whether entries of level `debug`, which may quote what a person typed, are wanted. */
  readonly isDetailed: boolean;
  write(level: LogLevel, source: LogSource, text: string): void;
  /** The latest entries, oldest first. */
  last(count: number): readonly string[];
}

interface LogOptions {
  readonly isDetailed?: boolean;
  /** Bytes from which on a new file is begun. */
  readonly maxSize?: number;
  /** Hears every error of host and engine as it is written. */
  readonly onError?: (entry: string) => void;
}

const MAX_BYTES = 1024 * 1024;
/** Files of earlier entries beside the current one: `arrowhead.1.log` is the latest. */
const ARCHIVES = 3;
const MOST_CHARACTERS = 4000;
const REMEMBERED = 40;

/** Appends to `arrowhead.log` in the folder, which is made if missing; keeps entries in memory alone where it cannot be. */
export function openLog(
  folder: string,
  { isDetailed = process.env.ARROWHEAD_LOG === 'debug', maxSize = MAX_BYTES, onError }: LogOptions = {},
): Log {
  const file = isWritable(folder) ? path.resolve(folder, 'arrowhead.log') : null;
  const lines = file === null ? null : linesOf(file, maxSize);
  const remembered: string[] = [];
  return {
    file,
    isDetailed,
    write(level, source, text) {
      if (level === 'debug' && !isDetailed) return;
      const entry = `${new Date().toISOString()} ${level.padEnd(5)} ${source.padEnd(6)} ${onOneLine(text)}`;
      remembered.push(entry);
      if (remembered.length > REMEMBERED) remembered.shift();
      lines?.info(entry);
      if (level === 'error' && source !== 'window') onError?.(entry);
    },
    last: (count) => remembered.slice(-count),
  };
}

/** For hosts of which nobody keeps a log. */
export const NO_LOG: Log = { file: null, isDetailed: false, write: () => {}, last: () => [] };

function linesOf(file: string, maxSize: number) {
  const lines = logger.create({ logId: file });
  for (const transport of Object.values(lines.transports)) if (transport) transport.level = false;
  const { file: transport } = lines.transports;
  transport.level = 'info';
  transport.format = '{text}';
  transport.maxSize = maxSize;
  transport.resolvePathFn = () => file;
  transport.archiveLogFn = () => rotate(file);
  return lines;
}

function rotate(file: string): void {
  const { dir, name, ext } = path.parse(file);
  const archive = (n: number) => (n === 0 ? file : path.join(dir, `${name}.${n}${ext}`));
  for (let n = ARCHIVES; n > 0; n--) if (existsSync(archive(n - 1))) renameSync(archive(n - 1), archive(n));
}

/** Whatever an entry holds, it cannot pass for several, or for commands to a terminal. */
function onOneLine(text: string): string {
  return text.slice(0, MOST_CHARACTERS).replace(/\p{Cc}+/gu, ' ');
}

function isWritable(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
