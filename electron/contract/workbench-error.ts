import type { ErrorInfo } from '../contract.ts';

/** An error as the contract carries it: told across threads, wires and windows by name, message and hint. */
export class WorkbenchError extends Error {
  override readonly name: string;
  /** How to go on; null where the message says it all. */
  readonly hint: string | null;

  constructor({ name, message, hint }: ErrorInfo) {
    super(message);
    this.name = name;
    this.hint = hint;
  }
}
