import type { Scheme } from '../../../calibration/index.ts';
import type { Calibration, Solved, SolveSettings } from '../../contract.ts';
import type { RunLibrary } from '../library/run-library.ts';
import { readNotes } from '../library/run-notes.ts';
import type { ModelDescriptions } from '../models/model-descriptions.ts';
import { besideModule } from '../workers/beside-module.ts';
import { WorkerLink } from '../workers/worker-link.ts';
import { workerThread } from '../workers/worker-thread.ts';
import type { OpenedTable, TableCalls } from './table-calls.ts';

/** The tables of runs: opened, solved and turned into schemes in a thread of their own. */
export class Tables {
  readonly link = new WorkerLink<TableCalls>(workerThread(besideModule('table-worker', import.meta.url)), 'solver');
  readonly #library: RunLibrary;
  readonly #descriptions: ModelDescriptions;
  /** By run; null where its model is not known. */
  readonly #linearFlops = new Map<string, Promise<number | null>>();

  constructor(library: RunLibrary, descriptions: ModelDescriptions) {
    this.#library = library;
    this.#descriptions = descriptions;
  }

  /** The fingerprint is that of the model that the table was made with; null where it does not say. */
  async open(run: string): Promise<{ readonly calibration: Calibration; readonly fingerprint: string | null }> {
    const folder = await this.#library.folder(run);
    await this.#library.file(run, 'rse.safetensors');
    const opened = await this.link.call('open', { folder });
    if (!this.#linearFlops.has(run)) this.#linearFlops.set(run, this.#findLinearFlops(folder, opened));
    // So that the first solve can say the end-to-end speed.
    await this.#linearFlops.get(run);
    return { calibration: { run, ...opened.calibration }, fingerprint: opened.fingerprint };
  }

  async solve({ run, ...tuning }: SolveSettings): Promise<Solved> {
    if (!this.#linearFlops.has(run)) await this.open(run);
    const folder = await this.#library.folder(run);
    const { attention, ...solved } = await this.link.call('solve', { folder, tuning });
    const linear = await this.#linearFlops.get(run);
    const endToEndSpeedUp =
      attention === null || linear == null ? null : (linear + attention.full) / (linear + attention.kept);
    return { ...solved, endToEndSpeedUp };
  }

  /** The list of models has grown: runs whose model was not known are asked about again. */
  async forgetUnknownModels(): Promise<void> {
    for (const [run, flops] of [...this.#linearFlops]) if ((await flops) === null) this.#linearFlops.delete(run);
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
    return this.#descriptions.linearFlops(noted, fingerprint, { steps, guidance, width, height }).catch(() => null);
  }

  close(): Promise<void> {
    return this.link.close();
  }
}
