/**
 * Runs a kernel that polls `cancel[0]` and lets a signal set it. A cancelled kernel leaves its output partly written;
 * the promise rejects with the signal's reason.
 */
export async function runCancellable<T>(
  signal: AbortSignal | undefined,
  start: (cancel: Int32Array) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const cancel = new Int32Array(1);
  const onAbort = () => {
    cancel[0] = 1;
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await start(cancel);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
