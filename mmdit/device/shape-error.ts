import type { Shape } from './device.ts';

/** An op was called with a tensor of the wrong shape, or with one that no longer exists. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
  readonly op: string;

  constructor(op: string, argument: string, expected: string, found: Shape | string) {
    const text = typeof found === 'string' ? found : `[${found.join(', ')}]`;
    super(`${op}: "${argument}" must be ${expected}, found ${text}`);
    this.op = op;
  }
}
