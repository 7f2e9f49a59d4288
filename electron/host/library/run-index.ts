import type { Reply, RunChange, RunSummary } from '../../contract.ts';
import { newestFirst } from '../../contract/run-order.ts';
import { WorkbenchError } from '../../contract/workbench-error.ts';
import { notFound } from '../host-errors.ts';
import type { WorkerLink } from '../workers/worker-link.ts';
import type { LibraryCalls, LibraryScan } from './library-calls.ts';
import { sharedTurns } from './shared-turns.ts';
import { type StoredRun, summaryOf } from './stored-run.ts';

/** How often a library that somebody looks at is compared with its folder, where other programs may write. */
const WATCH_MS = 5000;

/** Ids of runs that a job of this host works on. */
export type RunsInUse = () => ReadonlySet<string>;

/**
 * The summaries of all runs, in memory. The worker says what changed in their folders since it looked last; a change is
 * announced with the run's new summary, so that nobody has to ask for the list again.
 */
export class RunIndex {
  readonly #worker: WorkerLink<LibraryCalls>;
  readonly #inUse: RunsInUse;
  readonly #onChange: (change: RunChange) => void;
  readonly #stored = new Map<string, StoredRun>();
  /** Whether all runs were looked at once: what is found before is no news. */
  #complete = false;
  /** The list as it was answered last, while it is true. */
  #reply: { readonly inUse: string; readonly list: Reply<'runs.list'> } | null = null;
  readonly #toRefresh = new Set<string>();
  #watch: ReturnType<typeof setInterval> | undefined;

  constructor(worker: WorkerLink<LibraryCalls>, inUse: RunsInUse, onChange: (change: RunChange) => void) {
    this.#worker = worker;
    this.#inUse = inUse;
    this.#onChange = onChange;
  }

  /** The same object as before where nothing has changed. */
  async list(): Promise<Reply<'runs.list'>> {
    await this.#scanAll();
    const inUse = this.#inUse();
    const key = [...inUse].sort().join('/');
    if (this.#reply?.inUse !== key) this.#reply = { inUse: key, list: listOf([...this.#stored.values()], inUse) };
    return this.#reply.list;
  }

  /** As its folder says now. Throws NotFoundError; CalibrationFileError where it cannot be read. */
  async summary(id: string): Promise<RunSummary> {
    const changed = this.#take(await this.#worker.call('scan', { ids: [id] }), [id]);
    for (const other of changed) this.#announce(other);
    const { summary, reason } = this.#change(id);
    if (summary !== null) return summary;
    if (reason === null) throw noSuchRun(id);
    throw new WorkbenchError({ name: 'CalibrationFileError', message: reason, hint: null });
  }

  /** Announces a run anew: something in its folder has changed, or who works on it. */
  refresh(id: string): Promise<void> {
    this.#toRefresh.add(id);
    return this.#refreshAll();
  }

  /** Announces from now on what other programs change in the library, too. */
  watch(): void {
    this.#watch ??= setInterval(() => {
      // A library that cannot be read is reported by the next list.
      if (this.#complete) this.#scanAll().catch(() => {});
    }, WATCH_MS).unref();
  }

  unwatch(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  readonly #scanAll = sharedTurns(async () => {
    const news = this.#take(await this.#worker.call('scan', { ids: null }), null);
    if (this.#complete) for (const id of news) this.#announce(id);
    this.#complete = true;
  });

  readonly #refreshAll = sharedTurns(async () => {
    const ids = [...this.#toRefresh];
    this.#toRefresh.clear();
    this.#take(await this.#worker.call('scan', { ids }), ids);
    this.#reply = null;
    for (const id of ids) this.#announce(id);
  });

  /** Returns the ids of what is new, different or gone. */
  #take({ present, changed }: LibraryScan, ids: readonly string[] | null): readonly string[] {
    const news: string[] = [];
    const there = new Set(present);
    for (const id of ids ?? [...this.#stored.keys()]) if (!there.has(id) && this.#stored.delete(id)) news.push(id);
    for (const stored of changed) {
      const before = this.#stored.get(stored.id);
      // A worker that was started anew reports everything.
      if (JSON.stringify(before) === JSON.stringify(stored)) continue;
      this.#stored.set(stored.id, stored);
      news.push(stored.id);
    }
    if (news.length > 0) this.#reply = null;
    return news;
  }

  #announce(id: string): void {
    this.#onChange(this.#change(id));
  }

  #change(id: string): RunChange {
    const { run = null, reason = null } = this.#stored.get(id) ?? {};
    return { run: id, summary: run && summaryOf(run, this.#inUse().has(id)), reason };
  }
}

function listOf(stored: readonly StoredRun[], inUse: ReadonlySet<string>): Reply<'runs.list'> {
  return {
    runs: stored.flatMap(({ id, run }) => (run === null ? [] : [summaryOf(run, inUse.has(id))])).sort(newestFirst),
    unreadable: stored.flatMap(({ id, reason }) => (reason === null ? [] : [{ id, reason }])),
  };
}

export function noSuchRun(id: string): WorkbenchError {
  return notFound(`There is no run "${id}" in the library.`, 'It may have been deleted or renamed on disk.');
}
