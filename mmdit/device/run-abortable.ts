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
    const result = await work();
    await device.finish();
    return result;
  } catch (error) {
    await device.finish().catch(() => {});
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
