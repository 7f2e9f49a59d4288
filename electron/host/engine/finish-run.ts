import type { Run } from '../../../calibration/index.ts';
import { CancelledError } from '../../engine/cancelled-error.ts';

/**
 * Does a run's work and keeps run.json's status true: finished, cancelled or failed. `kept` says what a cancelled one
 * keeps. Throws CancelledError, and what the work throws.
 */
export async function finishRun(run: Run, signal: AbortSignal, kept: string, work: () => Promise<void>): Promise<void> {
  await run.update({ status: 'running', error: null });
  try {
    await work();
    await run.update({ status: 'finished' });
  } catch (error) {
    const cancelled = signal.aborted;
    const reason = error instanceof Error ? error.message : String(error);
    // The first error is the one to tell, should run.json not be writable any more either.
    await run.update(cancelled ? { status: 'cancelled' } : { status: 'failed', error: reason }).catch(() => {});
    if (!cancelled || error instanceof CancelledError) throw error;
    throw new CancelledError(`Cancelled: ${kept}`, run.folder);
  }
}
