import type { Device } from './device.ts';

/**
 * Runs work that enqueues on a device; when the signal fires, what is enqueued is dropped, so that the work's next wait
 * rejects with the signal's reason. Leaves the device without a pending error in any case.
 */
export async function runAbortable<T>(
  device: Device,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const onAbort = () => device.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await work();
  } finally {
    signal?.removeEventListener('abort', onAbort);
    // Where an op failed, or the signal fired last, its error goes to the caller instead of a consequence or a result.
    await device.finish();
  }
}
