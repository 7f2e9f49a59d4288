import type { ErrorInfo, JobRequest } from '../../contract.ts';
import type { WorkerEnd } from '../workers/start-worker.ts';
import { howItEnded } from '../workers/worker-crash.ts';
import type { Log } from './log.ts';

/** Errors whose messages are of files, devices and code, never of prompts or names that a person chose. */
const IMPERSONAL = new Set([
  'CheckpointError',
  'CudaUnavailableError',
  'DeviceMemoryError',
  'OnnxError',
  'OnnxRuntimeMissingError',
  'OutOfDeviceMemoryError',
  'RangeError',
  'ReferenceError',
  'TypeError',
  'WorkMemoryError',
]);

const MOST_FRAMES = 8;

interface ErrorLike {
  readonly name: string;
  readonly message: string;
  readonly code?: unknown;
  readonly stack?: string | undefined;
}

/** An error by class, code and place in the program; its message only where it cannot quote what a person typed. */
export function errorForLog(
  { name, message, code, stack }: ErrorLike,
  { isDetailed }: Pick<Log, 'isDetailed'>,
): string {
  const says = isDetailed || IMPERSONAL.has(name) ? `: ${message}` : '';
  const where = framesOf(stack);
  return `${name}${typeof code === 'string' ? ` ${code}` : ''}${says}${where === '' ? '' : ` at ${where}`}`;
}

/** Where in the program, innermost first; pages without what their addresses ask for, which may be a token. */
function framesOf(stack = ''): string {
  const frames = stack.split('\n').flatMap((line) => /^\s*at (.+)$/.exec(line)?.[1] ?? []);
  return frames
    .slice(0, MOST_FRAMES)
    .map((frame) => frame.replace(/\?[^:)\s]*/g, ''))
    .join(' < ');
}

/** How a worker ended; what it threw by class and place alone. */
export function endForLog({ code, signal, error }: WorkerEnd, log: Log): string {
  if (error === null) return howItEnded(code, signal, null);
  return error instanceof Error ? errorForLog(error, log) : 'something was thrown that is no error';
}

/** What a job is, in numbers. */
export function jobForLog(request: JobRequest): string {
  const facts: string[] = [request.kind];
  if ('sampling' in request) {
    const { width, height, steps } = request.sampling;
    facts.push(`${width}×${height}`, `${steps} steps`);
  }
  if ('prompts' in request) facts.push(`${request.prompts.length} prompts × ${request.seeds.length} seeds`);
  if ('samples' in request) facts.push(`${request.samples.length} samples`);
  if ('deltas' in request) facts.push(`${request.deltas.length} × ${request.headConstraints.length} bounds`);
  return facts.join(', ');
}

export function outcomeForLog(error: ErrorInfo | null, log: Log): string {
  return error === null ? '' : `: ${errorForLog(error, log)}`;
}
