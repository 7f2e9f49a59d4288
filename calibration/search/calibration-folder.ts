import { mkdir, readdir, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { FileWriteError, isTemporaryName } from '../../mmdit/files/write-whole-file.ts';
import type { Pipeline } from '../../mmdit/pipeline/pipeline.ts';
import { CalibrationError } from '../calibration-error.ts';
import { MEASURED_SAVINGS_FILE, readMeasuredSavings, writeMeasuredSavings } from '../cost/measured-savings-file.ts';
import type { Savings } from '../cost/savings.ts';
import type { RseTable } from '../rse/rse-table.ts';
import { readRseTable, writeRseTable } from '../rse/rse-table-file.ts';
import { RSE_FILE, SCHEME_FILE } from '../runs/run-files.ts';
import type { Scheme } from '../scheme/scheme.ts';
import { readScheme, writeScheme } from '../scheme/scheme-file.ts';
import type { CalibrationSetup } from './calibration-request.ts';
import { Journal, type JournalContent, type JournalRequest } from './journal.ts';

type MeasuredSavings = Extract<Savings, { source: 'measured' }>;

/** What one calibration keeps on disk: its journal while it runs, its table and scheme when it is done. */
export class CalibrationFolder {
  readonly path: string;
  readonly #journal: Journal;

  private constructor(folder: string, journal: Journal) {
    this.path = folder;
    this.#journal = journal;
  }

  /** Makes the folder if it is missing. Throws FileWriteError. */
  static async open(folder: string, pipeline: Pipeline, setup: CalibrationSetup): Promise<CalibrationFolder> {
    await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
      throw new FileWriteError(folder, cause);
    });
    const { sampling, layers, methods, heads } = setup;
    const shape = { steps: sampling.steps, layers: layers.length, methods: methods.length, heads };
    return new CalibrationFolder(folder, new Journal(folder, journalRequest(pipeline, setup), shape));
  }

  /**
   * Steps finished earlier, if the calibration is to go on. Throws CalibrationError where a fresh start would overwrite
   * another calibration. Writes an empty journal, so that a folder that cannot be written to is known before any work.
   */
  async begin(resume: boolean): Promise<JournalContent | null> {
    const unfinished = await this.#journal.exists();
    if (unfinished && !resume) {
      throw new CalibrationError(
        `${this.path} holds an unfinished calibration. Resume it, or choose another folder for a new one`,
      );
    }
    if (resume) await this.#removeLeftovers();
    if (unfinished) return this.#journal.read();
    if (await exists(path.join(this.path, RSE_FILE))) return this.#takeFinished(resume);
    await this.#journal.write({ count: 0, rse: new Float32Array(), choices: new Uint8Array(), seconds: 0 });
    return null;
  }

  /** A finished calibration has no journal: its table and scheme say the same. */
  async #takeFinished(resume: boolean): Promise<JournalContent> {
    if (!resume) {
      throw new CalibrationError(
        `${this.path} already holds a calibration (${RSE_FILE}). Choose another folder, or delete it first`,
      );
    }
    const table = await readRseTable(path.join(this.path, RSE_FILE));
    const scheme = await readScheme(path.join(this.path, SCHEME_FILE));
    const { model, sampling, search } = table;
    this.#journal.requireSameRequest({ ...this.#journal.request, model, sampling, search });
    const choices = Uint8Array.from(scheme.plan.flat(2));
    if (choices.length * table.methods.length !== table.rse.length) {
      throw new CalibrationError(
        `${this.path} holds a table and a scheme of different searches; choose another folder`,
      );
    }
    return { count: table.steps, rse: table.rse, choices, seconds: 0 };
  }

  /** Temporary files of a write that a kill cut short. */
  async #removeLeftovers(): Promise<void> {
    for (const name of await readdir(this.path)) {
      if (isTemporaryName(name)) await unlink(path.join(this.path, name)).catch(() => {});
    }
  }

  async keep(content: JournalContent): Promise<void> {
    await this.#journal.write(content);
  }

  /** The journal goes last: until then the calibration counts as unfinished. */
  async complete(table: RseTable, scheme: Scheme): Promise<void> {
    await writeRseTable(path.join(this.path, RSE_FILE), table);
    await writeScheme(path.join(this.path, SCHEME_FILE), scheme);
    await this.#journal.remove();
  }

  async readMeasuredSavings(): Promise<MeasuredSavings | null> {
    const file = path.join(this.path, MEASURED_SAVINGS_FILE);
    return (await exists(file)) ? readMeasuredSavings(file) : null;
  }

  async keepMeasuredSavings(device: string, savings: MeasuredSavings): Promise<void> {
    await writeMeasuredSavings(path.join(this.path, MEASURED_SAVINGS_FILE), device, savings);
  }
}

/** All that decides a search's outcome: a journal goes on only under the same. */
function journalRequest({ identity }: Pipeline, { request, sampling, settings }: CalibrationSetup): JournalRequest {
  const { family, name, fingerprint } = identity;
  return {
    model: { family, name, fingerprint },
    sampling,
    search: settings,
    savings: request.cost?.source === 'file' ? request.cost.perMethod : null,
  };
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
