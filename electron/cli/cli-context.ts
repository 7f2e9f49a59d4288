import type { Terminal } from './terminal.ts';

/** What every command gets beside its options. */
export interface CliContext {
  readonly terminal: Terminal;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  /** Whether standard output must be exactly one JSON object. */
  readonly json: boolean;
}
