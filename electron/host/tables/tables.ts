import type { Scheme } from '../../../calibration/index.ts';
import type { Calibration, ModelSummary, Solved, SolveSettings } from '../../contract.ts';
import type { EngineCalls } from '../engine/engine-calls.ts';
import type { RunLibrary } from '../library/run-library.ts';
import { readNotes } from '../library/run-notes.ts';
import type { ModelList } from '../models/model-list.ts';
import { besideModule } from '../workers/beside-module.ts';
import { WorkerLink } from '../workers/worker-link.ts';
import { workerThread } from '../workers/worker-thread.ts';
import type { OpenedTable, TableCalls } from './table-calls.ts';

/** The tables of runs: opened, solved and turned into schemes in a thread of their own. */
export class Tables {
  readonly link = new WorkerLink<TableCalls>(workerThread(besideModule('table-worker', import.meta.url)), 'solver');
  readonly #library: RunLibrary;
  readonly #models: ModelList;
  readonly #engine: WorkerLink<EngineCalls>;
  /** By run; null where the model is not known. */
  readonly #linearFlops = new Map<string, number | null>();

  constructor(library: RunLibrary, models: ModelList, engine: WorkerLink<EngineCalls>) {
    this.#library = library;
    this.#models = models;
    this.#engine = engine;
  }

  /** The fingerprint is that of the model that the table was made with; null where it does not say. */
  async open(run: string): Promise<{ readonly calibration: Calibration; readonly fingerprint: string | null }> {
    const folder = await this.#library.folder(run);
    await this.#library.file(run, 'rse.safetensors');
    const opened = await this.link.call('open', { folder });
    if (!this.#linearFlops.has(run)) {
      this.#linearFlops.set(run, null);
      // Asked for once and beside the table: opening a model may take long, and a solve never waits for it.
      void this.#findLinearFlops(folder, opened).then((flops) => this.#linearFlops.set(run, flops));
    }
    return { calibration: { run, ...opened.calibration }, fingerprint: opened.fingerprint };
  }

  async solve({ run, ...tuning }: SolveSettings): Promise<Solved> {
    const folder = await this.#library.folder(run);
    const { attention, ...solved } = await this.link.call('solve', { folder, tuning });
    const linear = this.#linearFlops.get(run) ?? null;
    const endToEndSpeedUp =
      attention === null || linear === null ? null : (linear + attention.full) / (linear + attention.kept);
    return { ...solved, endToEndSpeedUp };
  }

  async scheme({ run, ...tuning }: SolveSettings): Promise<Scheme> {
    return this.link.call('scheme', { folder: await this.#library.folder(run), tuning });
  }

  /** What the transformer costs beside attention; null where its checkpoint is not in the list or cannot be opened. */
  async #findLinearFlops(folder: string, { calibration, fingerprint }: OpenedTable): Promise<number | null> {
    const { sampling } = calibration;
    if (sampling === null || fingerprint === null) return null;
    const { steps, guidance, width, height } = sampling;
    const noted = (await readNotes(folder))?.model ?? null;
    try {
      const model: ModelSummary = this.#models.summary(noted);
      const params = { fingerprint, sampling: { steps, guidance, width, height } };
      return await this.#engine.call('linearFlops', { folder: model.isDemo ? null : model.folder, ...params });
    } catch {
      return null;
    }
  }

  close(): Promise<void> {
    return this.link.close();
  }
}
