import { commandName } from '../engine/command-name.ts';

/** The last part of a command's help: command lines that begin with `arrowhead`, shown as they can be typed here. */
export function examples(...lines: readonly string[]): string {
  const typed = lines.map((line) => line.replace(/^arrowhead\b/, commandName()));
  return `\nExamples:\n${typed.map((line) => `  ${line}`).join('\n')}`;
}
