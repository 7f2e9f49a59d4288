import { randomUUID } from 'node:crypto';
import { isCancellation } from '../../../calibration/index.ts';
import { WorkbenchError } from '../../contract/workbench-error.ts';
import type { ErrorInfo, Job, JobRequest, Progress } from '../../contract.ts';
import { secondsLeft } from '../../engine/progress.ts';
import { callListener } from '../call-listener.ts';
import { notFound, toErrorInfo, unavailable } from '../host-errors.ts';
import type { CallOptions, CallReport } from '../workers/call-messages.ts';

export interface QueueEvents {
  changed(job: Job): void;
  progress(id: string, progress: Progress): void;
  removed(id: string): void;
  /** A job has written to a run. */
  wrote(run: string): void;
}

/** Does a job; its result is for whoever awaits `finished`. */
export type RunJob = (request: JobRequest, options: Required<CallOptions>) => Promise<unknown>;

/** More are asked for by mistake, or by a stranger. */
const MOST_QUEUED = 256;
/** Ended jobs that are remembered. */
const KEPT = 30;
const PROGRESS_INTERVAL_MS = 100;

interface Entry {
  job: Job;
  readonly key: string;
  readonly controller: AbortController;
  readonly ended: PromiseWithResolvers<unknown>;
}

/** One job at a time, in the order in which they were asked for. Tells of every change through `events`. */
export class JobQueue {
  readonly #run: RunJob;
  readonly #events: QueueEvents;
  #entries: Entry[] = [];
  #closed = false;

  constructor(run: RunJob, events: QueueEvents) {
    this.#run = run;
    this.#events = events;
  }

  /** The running job, those queued in their order, then the latest that ended. */
  list(): readonly Job[] {
    const rank = ({ job }: Entry) => (job.status === 'running' ? 0 : job.status === 'queued' ? 1 : 2);
    const latestFirst = (a: Entry, b: Entry) => (b.job.ended ?? '').localeCompare(a.job.ended ?? '');
    return this.#entries
      .toSorted((a, b) => rank(a) - rank(b) || (rank(a) === 2 ? latestFirst(a, b) : 0))
      .map(({ job }) => job);
  }

  /** Queues a job; one of the same request that waits or runs is not queued twice. */
  start(request: JobRequest, title: string): { readonly id: string; readonly duplicate: boolean } {
    if (this.#closed) throw unavailable('The host is closing.');
    const key = canonical(request);
    const same = this.#entries.find((entry) => entry.key === key && isAlive(entry.job));
    if (same) return { id: same.job.id, duplicate: true };
    if (this.#entries.filter(({ job }) => isAlive(job)).length >= MOST_QUEUED) {
      throw unavailable(`${MOST_QUEUED} jobs are waiting already.`, 'Cancel some, or wait.');
    }
    const entry: Entry = { job: newJob(request, title), key, controller: new AbortController(), ended: waitable() };
    this.#entries.push(entry);
    this.#renumber();
    this.#change(entry, {});
    this.#next();
    return { id: entry.job.id, duplicate: false };
  }

  /** Resolves with what the job made; rejects with why it failed. Throws NotFoundError. */
  finished(id: string): Promise<unknown> {
    return this.#entry(id).ended.promise;
  }

  /** Cancels a job, or forgets one that has ended. Throws NotFoundError. */
  cancel(id: string): void {
    const entry = this.#entry(id);
    const { status } = entry.job;
    if (status === 'running') {
      entry.controller.abort();
      return;
    }
    if (status === 'queued') {
      this.#end(entry, 'cancelled', { name: 'CancelledError', message: 'Cancelled before it began.', hint: null });
      this.#renumber();
      return;
    }
    this.#forget(entry);
  }

  /** Ids of runs that a job works on now. */
  runsInUse(): ReadonlySet<string> {
    return new Set(this.#entries.flatMap(({ job }) => (job.status === 'running' && job.run !== null ? [job.run] : [])));
  }

  /** Cancels everything and waits for the running job to let go. */
  async close(): Promise<void> {
    this.#closed = true;
    const alive = this.#entries.filter(({ job }) => isAlive(job));
    for (const { job } of alive.toReversed()) this.cancel(job.id);
    await Promise.allSettled(alive.map(({ ended }) => ended.promise));
  }

  #next(): void {
    if (this.#entries.some(({ job }) => job.status === 'running')) return;
    const entry = this.#entries.find(({ job }) => job.status === 'queued');
    if (entry) void this.#work(entry);
  }

  async #work(entry: Entry): Promise<void> {
    this.#change(entry, { status: 'running', started: now(), position: 0 });
    this.#renumber();
    const { request } = entry.job;
    const reporter = new ProgressThrottle((progress) => {
      entry.job = { ...entry.job, progress };
      callListener(() => this.#events.progress(entry.job.id, progress));
    });
    const onReport = (report: CallReport) => this.#take(entry, report, reporter);
    try {
      const result = await this.#run(request, { signal: entry.controller.signal, onReport });
      const progress = { ...entry.job.progress, value: 1, etaSeconds: 0 };
      this.#end(entry, 'finished', null, progress);
      entry.ended.resolve(result);
    } catch (error) {
      // While the host closes, what a job throws is a consequence of that.
      const { signal } = entry.controller;
      const cancelled = isCancellation(error, signal) || (this.#closed && signal.aborted);
      const info = cancelled ? cancelledInfo(toErrorInfo(error)) : toErrorInfo(error);
      this.#end(entry, cancelled ? 'cancelled' : 'failed', info);
    } finally {
      reporter.stop();
      this.#next();
    }
  }

  #take(entry: Entry, report: CallReport, reporter: ProgressThrottle): void {
    switch (report.kind) {
      case 'progress':
        reporter.report(report.progress);
        break;
      case 'notice':
        this.#change(entry, { notices: [...entry.job.notices, report.text] });
        break;
      case 'run':
        if (entry.job.run !== report.run) this.#change(entry, { run: report.run });
        callListener(() => this.#events.wrote(report.run));
        break;
      default:
        report satisfies never;
    }
  }

  #end(entry: Entry, status: Job['status'], error: ErrorInfo | null, progress = entry.job.progress): void {
    this.#change(entry, { status, error, progress, ended: now(), position: 0 });
    if (error) entry.ended.reject(new WorkbenchError(error));
    const old = this.#entries
      .filter(({ job }) => !isAlive(job))
      .toSorted((a, b) => a.job.ended!.localeCompare(b.job.ended!));
    for (const forgotten of old.slice(0, Math.max(0, old.length - KEPT))) this.#forget(forgotten);
  }

  #forget(entry: Entry): void {
    this.#entries = this.#entries.filter((other) => other !== entry);
    callListener(() => this.#events.removed(entry.job.id));
  }

  #renumber(): void {
    const running = this.#entries.some(({ job }) => job.status === 'running') ? 1 : 0;
    const queued = this.#entries.filter(({ job }) => job.status === 'queued');
    for (const [place, entry] of queued.entries()) {
      if (entry.job.position !== running + place) this.#change(entry, { position: running + place });
    }
  }

  #change(entry: Entry, changes: Partial<Job>): void {
    entry.job = { ...entry.job, ...changes };
    callListener(() => this.#events.changed(entry.job));
  }

  #entry(id: string): Entry {
    const entry = this.#entries.find(({ job }) => job.id === id);
    if (!entry) throw notFound(`There is no job "${id}"; it may have ended long ago.`);
    return entry;
  }
}

/** Passes progress on a few times a second, never falling, with an ETA from the mean speed where the job gives none. */
class ProgressThrottle {
  readonly #emit: (progress: Progress) => void;
  /** When the job's own work began: loading does not count for its speed. */
  #started = performance.now();
  #last = Number.NEGATIVE_INFINITY;
  #waiting: Progress | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #value = 0;

  constructor(emit: (progress: Progress) => void) {
    this.#emit = emit;
  }

  report({ value, title, detail, etaSeconds }: Extract<CallReport, { kind: 'progress' }>['progress']): void {
    this.#value = Math.min(1, Math.max(this.#value, value));
    if (this.#value === 0) this.#started = performance.now();
    const elapsed = (performance.now() - this.#started) / 1000;
    const eta = etaSeconds === undefined ? secondsLeft(this.#value, elapsed) : etaSeconds;
    this.#waiting = { value: this.#value, title, detail, etaSeconds: eta };
    const wait = this.#last + PROGRESS_INTERVAL_MS - performance.now();
    if (wait <= 0) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), wait);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting = null;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#last = performance.now();
    if (this.#waiting) this.#emit(this.#waiting);
    this.#waiting = null;
  }
}

function newJob(request: JobRequest, title: string): Job {
  return {
    id: randomUUID(),
    request,
    title,
    status: 'queued',
    position: 0,
    created: now(),
    started: null,
    ended: null,
    progress: { value: 0, title: 'Waiting', detail: '', etaSeconds: null },
    notices: [],
    run: null,
    error: null,
  };
}

function waitable(): PromiseWithResolvers<unknown> {
  const waiting = Promise.withResolvers<unknown>();
  // Nobody has to wait for a job.
  waiting.promise.catch(() => {});
  return waiting;
}

function cancelledInfo({ name, message, hint }: ErrorInfo): ErrorInfo {
  return name === 'CancelledError' ? { name, message, hint } : { name: 'CancelledError', message: 'Cancelled.', hint };
}

function isAlive({ status }: Job): boolean {
  return status === 'queued' || status === 'running';
}

function now(): string {
  return new Date().toISOString();
}

/** Equal requests give equal texts, whatever the order of their fields. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
