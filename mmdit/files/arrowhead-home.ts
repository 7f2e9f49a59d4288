import { homedir } from 'node:os';
import path from 'node:path';

/** A place for what outlives jobs and checkouts: below `$ARROWHEAD_HOME`, else below `~/.arrowhead`. */
export function inArrowheadHome(...parts: readonly string[]): string {
  return path.join(process.env.ARROWHEAD_HOME || path.join(homedir(), '.arrowhead'), ...parts);
}
