import { plainMessage } from '../../mmdit/files/describe-issue.ts';
import { WorkbenchError } from '../contract/workbench-error.ts';
import type { ErrorInfo } from '../contract.ts';

/** A request that is not what the contract says, or that cannot be meant. */
export function invalidRequest(message: string): WorkbenchError {
  return new WorkbenchError({ name: 'InvalidRequestError', message, hint: null });
}

export function notFound(what: string, hint: string | null = null): WorkbenchError {
  return new WorkbenchError({ name: 'NotFoundError', message: what, hint });
}

export function unavailable(message: string, hint: string | null = null): WorkbenchError {
  return new WorkbenchError({ name: 'UnavailableError', message, hint });
}

/** Hints for errors of lower layers, which do not know of a window. */
const HINTS: Readonly<Record<string, string>> = {
  SchemeMismatchError: 'Calibrate again for these settings, or set steps and guidance back to the scheme’s.',
  DeviceMemoryError: 'Choose a smaller size or fewer prompts, or close other programs.',
};

/** What to tell about anything that was thrown. */
export function toErrorInfo(error: unknown): ErrorInfo {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), hint: null };
  const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : (HINTS[error.name] ?? null);
  return { name: error.name, message: systemMessage(error) ?? plainMessage(error), hint };
}

/** Node's own file errors say `ENOENT: …, open '…'`; people are better served by a sentence. */
function systemMessage(error: NodeJS.ErrnoException): string | undefined {
  if (error.code === undefined || error.path === undefined || error.syscall === undefined) return undefined;
  switch (error.code) {
    case 'ENOENT':
      return `${error.path} does not exist any more.`;
    case 'EACCES':
    case 'EPERM':
      return `${error.path}: permission denied (${error.code}). Make it accessible, or choose another place.`;
    case 'ENOSPC':
      return `${error.path}: the disk is full (ENOSPC). Free some space.`;
    case 'EROFS':
      return `${error.path}: the file system is read-only (EROFS).`;
    default:
      return undefined;
  }
}
