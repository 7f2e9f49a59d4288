import { WorkbenchError } from '../../contract/workbench-error.ts';
import { toErrorInfo } from '../host-errors.ts';
import type { WorkerEnd } from './start-worker.ts';

const NATIVE_FAULT = 'a fault in native code, such as a driver, ONNX Runtime or a kernel';
const CAUSES: Readonly<Partial<Record<NodeJS.Signals, string>>> = {
  SIGKILL: 'perhaps by the system, which was short of memory',
  SIGABRT: NATIVE_FAULT,
  SIGBUS: NATIVE_FAULT,
  SIGFPE: NATIVE_FAULT,
  SIGILL: NATIVE_FAULT,
  SIGSEGV: NATIVE_FAULT,
  SIGTRAP: NATIVE_FAULT,
};

/** The lines that a person sees; the log has more. */
const SHOWN_LINES = 3;

/** What to tell about a worker that ended by itself: how, what it wrote last, and what to do. */
export function describeCrash(what: string, { code, signal, error, output }: WorkerEnd): WorkbenchError {
  const last = output.slice(-SHOWN_LINES).map((line) => line.trim());
  const message = `The ${what} stopped: ${howItEnded(code, signal, error)}.`;
  return new WorkbenchError({
    name: 'WorkerCrashedError',
    message: last.length === 0 ? message : `${message} It wrote last: ${last.join(' · ')}`,
    hint: hintFor(signal),
  });
}

export function howItEnded(code: number | null, signal: NodeJS.Signals | null, error: unknown): string {
  if (error !== null) return toErrorInfo(error).message;
  if (signal === null) return `it ended with code ${code}`;
  const cause = CAUSES[signal];
  return cause === undefined ? signal : `${signal}, ${cause}`;
}

function hintFor(signal: NodeJS.Signals | null): string {
  const goOn = 'It starts anew with the next job, and a calibration goes on with Resume.';
  if (signal === 'SIGKILL') return `${goOn} Close other programs first, or choose a smaller size or fewer prompts.`;
  if (signal === null) return goOn;
  return `${goOn} Should it stop again, choose another device or update the driver, and report it with the log.`;
}
