import type { Run } from './run.ts';

/**
 * Does a run's work and keeps run.json's status true: *running*, then *finished*, *cancelled* where the signal was
 * aborted, or *failed* with the reason. What was killed stays *running*, with nobody who works on it: interrupted. The
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
    // The first error is the one to report, should run.json not be writable any more either.
    await run.update(signal?.aborted ? { status: 'cancelled' } : { status: 'failed', error: reason }).catch(() => {});
    throw error;
  }
}
