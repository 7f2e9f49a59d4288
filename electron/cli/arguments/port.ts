import { InvalidArgumentError } from 'commander';

const MAX_PORT = 65_535;

/** A TCP port, or 0 for any free one. Throws InvalidArgumentError, as commander's parsers do. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(port <= MAX_PORT)) throw new InvalidArgumentError(`A port is a whole number from 0 to ${MAX_PORT}.`);
  return port;
}
