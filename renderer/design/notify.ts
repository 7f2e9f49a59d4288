import { toast } from 'sonner';

interface Undo {
  readonly label: string;
  readonly onClick: () => void;
}

/** Says briefly that something was done. */
export function notifyDone(title: string, undo?: Undo): void {
  toast.success(title, undo ? { action: undo, duration: 8000 } : {});
}

/** Says what went wrong and what to do; stays until it is closed. */
export function notifyError(title: string, error: unknown): void {
  const { message, hint } = describeError(error);
  toast.error(title, { description: hint ? `${message} ${hint}` : message, duration: Number.POSITIVE_INFINITY });
}

export function notifyNotice(title: string, description?: string): void {
  toast.warning(title, description ? { description, duration: 10_000 } : { duration: 10_000 });
}

/** Message and hint of an error of the host, or of anything else that was thrown. */
export function describeError(error: unknown): { message: string; hint: string | null } {
  if (!(error instanceof Error)) return { message: String(error), hint: null };
  const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : null;
  return { message: error.message, hint };
}
