/**
 * Calls a listener of somebody else's. What it throws is reported as a warning of the process and goes no further: it
 * must neither stop the work that it hears of nor keep other listeners from hearing.
 */
export function callListener(call: () => void): void {
  try {
    call();
  } catch (error) {
    const warning = error instanceof Error ? error : new Error(String(error));
    process.emitWarning(warning.stack ?? warning.message, 'ListenerWarning');
  }
}
