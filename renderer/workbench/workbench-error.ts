import type { ErrorInfo } from '../../electron/contract.ts';

/** Why the host refused or failed a request, or why it could not be asked. */
export class WorkbenchError extends Error {
  /** What else helps; null where the message says it all. */
  readonly hint: string | null;

  constructor({ name, message, hint }: ErrorInfo) {
    super(message);
    this.name = name;
    this.hint = hint;
  }
}
