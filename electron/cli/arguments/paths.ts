import { InvalidArgumentError } from 'commander';

/** A path of any kind. An empty one is what a script's unset variable leaves. Throws InvalidArgumentError. */
export function parsePath(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It must not be empty.');
  return text;
}
