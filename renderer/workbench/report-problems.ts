import type { RequestParams, Workbench } from '../../electron/contract.ts';

type Report = RequestParams<'log.report'>;

/** In a minute: an error that comes with every frame is told by its first few. */
const MOST_PER_MINUTE = 20;

/** Tells the host's log of errors that nobody caught, and of what is warned of on the console. Returns what ends that. */
export function reportProblems(workbench: Workbench, page: Window & typeof globalThis = window): () => void {
  let minute = 0;
  let count = 0;
  const send = (report: Report) => {
    const now = Math.floor(performance.now() / 60_000);
    if (now !== minute) count = 0;
    minute = now;
    count += 1;
    // The log is no reason to bother anyone, nor to report that reporting failed.
    if (count <= MOST_PER_MINUTE) workbench.request('log.report', report).catch(() => {});
  };
  const onError = ({ error, message }: ErrorEvent) => send(reportOf('error', error ?? message));
  const onRejection = ({ reason }: PromiseRejectionEvent) => send(reportOf('error', reason));
  page.addEventListener('error', onError);
  page.addEventListener('unhandledrejection', onRejection);
  const { console } = page;
  const { warn, error } = console;
  console.warn = (...words: unknown[]) => {
    warn.apply(console, words);
    send(reportOf('warn', words.find((word) => word instanceof Error) ?? words[0]));
  };
  console.error = (...words: unknown[]) => {
    error.apply(console, words);
    send(reportOf('error', words.find((word) => word instanceof Error) ?? words[0]));
  };
  return () => {
    page.removeEventListener('error', onError);
    page.removeEventListener('unhandledrejection', onRejection);
    Object.assign(console, { warn, error });
  };
}

function reportOf(level: Report['level'], problem: unknown): Report {
  const { name, message, stack } =
    problem instanceof Error ? problem : { name: 'console', message: String(problem), stack: new Error().stack };
  return { level, name: name.slice(0, 100), message: message.slice(0, 2000), stack: (stack ?? '').slice(0, 8000) };
}
