import type { Terminal } from './terminal.ts';

/** One key press can reach us twice: from the terminal itself and forwarded by the process that started us. */
const SAME_PRESS_MS = 300;

/** A signal that the first Ctrl-C or SIGTERM aborts; the second ends the process at once. */
export function cancelOnSignals(terminal: Terminal): AbortSignal {
  const controller = new AbortController();
  let firstAt = Number.POSITIVE_INFINITY;
  const onSignal = (): void => {
    if (!controller.signal.aborted) {
      firstAt = performance.now();
      terminal.note('\nCancelling after the work in hand … press Ctrl-C again to stop at once.');
      controller.abort(new DOMException('Cancelled', 'AbortError'));
    } else if (performance.now() - firstAt > SAME_PRESS_MS) {
      process.exit(130);
    }
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return controller.signal;
}
