import type { Terminal } from './terminal.ts';

/** One key press can reach us twice: from the terminal itself and forwarded by the process that started us. */
const SAME_PRESS_MS = 300;

/** How long the current piece of work may take to stop once nobody waits for its result. */
const ORPHAN_GRACE_MS = 5_000;

/**
 * A signal that the first Ctrl-C or SIGTERM aborts; the second ends the process at once. The death of the process that
 * started us (bin.mjs holds a channel to us for this) aborts it too, and ends the process soon after.
 */
export function cancelOnSignals(terminal: Terminal): AbortSignal {
  const controller = new AbortController();
  const cancel = (): void => controller.abort(new DOMException('Cancelled', 'AbortError'));
  let firstAt = Number.POSITIVE_INFINITY;
  const onSignal = (): void => {
    if (!controller.signal.aborted) {
      firstAt = performance.now();
      terminal.note('\nCancelling after the current step … press Ctrl-C again to stop at once.');
      cancel();
    } else if (performance.now() - firstAt > SAME_PRESS_MS) {
      process.exit(130);
    }
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('disconnect', () => {
    cancel();
    setTimeout(() => process.exit(130), ORPHAN_GRACE_MS);
  });
  return controller.signal;
}
