import type { ErrorInfo } from '../contract.ts';

const MAX_CHARACTERS = 20_000;

/** An error as it crosses to the window: its class, what happened, and what else helps. No stack. */
export function toErrorInfo(error: unknown): ErrorInfo {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error).slice(0, MAX_CHARACTERS), hint: null };
  const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : null;
  return { name: error.name, message: (error.message || error.name).slice(0, MAX_CHARACTERS), hint };
}
