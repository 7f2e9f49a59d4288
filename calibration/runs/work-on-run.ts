import type { Run } from './run.ts';

/**
 * Does a run's work and keeps run.json's status true: *running*, then *finished*, *cancelled* where it was stopped through
 * its signal, or *failed* with the reason. What was killed stays *running*, with nobody who works on it: interrupted. The
 * caller holds the run's claim. Throws what the work throws.
 */
export async function workOnRun<T>(run: Run, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  await run.update({ status: 'running', error: null });
  try {
    const result = await work();
    await run.update({ status: 'finished' });
    return result;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const outcome = isCancellation(error, signal)
      ? ({ status: 'cancelled' } as const)
      : ({ status: 'failed', error: reason } as const);
    // The first error is the one to report, should run.json not be writable any more either.
    await run.update(outcome).catch(() => {});
    throw error;
  }
}

const CANCELLATIONS = new Set(['AbortError', 'CancelledError']);

/** Whether work ended because its signal was aborted: a disk that fills up after that is still a failure. */
export function isCancellation(error: unknown, signal: AbortSignal | undefined): boolean {
  if (!signal?.aborted) return false;
  return error === signal.reason || (error instanceof Error && CANCELLATIONS.has(error.name));
}
