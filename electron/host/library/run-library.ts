import { lstat, realpath, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { CLAIM_FILE, claimRun, openRun, type Run } from '../../../calibration/index.ts';
import { makeFolder } from '../../../mmdit/index.ts';
import { WorkbenchError } from '../../contract/workbench-error.ts';
import type { ImagePayload, ImageRef, Reply, RunChange, RunDetails, RunSummary } from '../../contract.ts';
import { invalidRequest, notFound } from '../host-errors.ts';
import { SETTINGS_FOLDER } from '../models/open-model-list.ts';
import { besideModule } from '../workers/beside-module.ts';
import { WorkerLink } from '../workers/worker-link.ts';
import { workerThread } from '../workers/worker-thread.ts';
import type { LibraryCalls, LibraryStart } from './library-calls.ts';
import { noSuchRun, RunIndex, type RunsInUse } from './run-index.ts';
import { changeNotes } from './run-notes.ts';

const TRASH = '.trash';

export interface LibraryOptions {
  readonly inUse: RunsInUse;
  /** Hears of every run that comes, goes or changes. */
  readonly onChange: (change: RunChange) => void;
}

/**
 * A folder of run folders. A run is known by its folder's name; no name leads out of the library, not by way of links
 * either.
 */
export class RunLibrary {
  readonly root: string;
  readonly index: RunIndex;
  readonly #worker: WorkerLink<LibraryCalls>;
  readonly #inUse: RunsInUse;

  private constructor(root: string, { inUse, onChange }: LibraryOptions) {
    this.root = root;
    this.#inUse = inUse;
    const entry = besideModule('library-worker', import.meta.url);
    this.#worker = new WorkerLink(workerThread(entry), 'run library', {
      data: (): LibraryStart => ({ root, thumbnails: path.join(root, SETTINGS_FOLDER, 'thumbnails') }),
    });
    this.index = new RunIndex(this.#worker, inUse, onChange);
  }

  /** Makes the folder if it is missing. Throws FileWriteError. */
  static async open(root: string, options: LibraryOptions): Promise<RunLibrary> {
    await makeFolder(root);
    return new RunLibrary(await realpath(root), options);
  }

  async details(id: string): Promise<RunDetails> {
    const folder = await this.folder(id);
    const [summary, details] = await Promise.all([this.index.summary(id), this.#worker.call('details', { folder })]);
    return { summary, folder, ...details };
  }

  /** Makes a run of a file from elsewhere, which is read off the host's own thread. Throws what is wrong with the file. */
  async import(fileName: string, data: Uint8Array): Promise<Reply<'runs.import'>> {
    const imported = await this.#worker.call('import', { fileName, data });
    await this.index.refresh(imported.run);
    return imported;
  }

  /** A picture of a run, no larger than `maxSize`; null: as it is. Throws NotFoundError, InvalidRequestError. */
  async picture({ run, file }: ImageRef, maxSize: number | null): Promise<ImagePayload> {
    return this.#worker.call('picture', { file: await this.pictureFile({ run, file }), maxSize });
  }

  /** The file of a picture of a run. Throws NotFoundError, InvalidRequestError. */
  async pictureFile({ run, file }: ImageRef): Promise<string> {
    if (!file.toLowerCase().endsWith('.png')) throw invalidRequest(`file: expected a *.png, found "${file}"`);
    return this.file(run, file);
  }

  /** Throws NotFoundError, CalibrationFileError. */
  async run(id: string): Promise<Run> {
    return openRun(await this.folder(id));
  }

  /** The run's folder, a true folder of the library. Throws NotFoundError. */
  async folder(id: string): Promise<string> {
    const folder = path.join(this.root, id);
    if (id.startsWith('.') || path.dirname(folder) !== this.root || !(await isPlain(folder, 'folder'))) {
      throw noSuchRun(id);
    }
    return folder;
  }

  /** A file of a run, never through a link. Throws NotFoundError. */
  async file(id: string, name: string): Promise<string> {
    const folder = await this.folder(id);
    const file = path.join(folder, name);
    if (path.dirname(file) !== folder || !(await isPlain(file, 'file'))) {
      throw notFound(`The run "${id}" has no file "${name}".`);
    }
    return file;
  }

  async rename(id: string, name: string): Promise<RunSummary> {
    const run = await this.run(id);
    await run.update({ name });
    return this.#changed(id);
  }

  async setTags(id: string, tags: readonly string[]): Promise<RunSummary> {
    const run = await this.run(id);
    await changeNotes(run, { tags: [...new Set(tags)] });
    return this.#changed(id);
  }

  /** Moves a run into the library's trash. Throws RunInUseError, RunBusyError. */
  async delete(id: string): Promise<void> {
    const folder = await this.folder(id);
    if (this.#inUse().has(id)) throw runInUse(id);
    const claim = await claimRun(folder, 'the run library');
    const trash = path.join(this.root, TRASH);
    await makeFolder(trash);
    const target = path.join(trash, id);
    // A run of this name was thrown away before: it makes room.
    if (await isPlain(target, 'folder')) await rename(target, `${target}~${Date.now()}`);
    try {
      await rename(folder, target);
    } finally {
      // Its lock has moved along with it.
      await claim.release();
      await rm(path.join(target, CLAIM_FILE), { force: true });
    }
    await this.index.refresh(id);
  }

  /** Takes a run back from the trash. Throws NotFoundError; RunExistsError where its name is taken. */
  async restore(id: string): Promise<RunSummary> {
    const source = path.join(this.root, TRASH, id);
    if (id.startsWith('.') || !(await isPlain(source, 'folder'))) throw notFound(`The trash holds no run "${id}".`);
    const target = path.join(this.root, id);
    if (await exists(target)) {
      throw new WorkbenchError({
        name: 'RunExistsError',
        message: `The library already holds a run "${id}".`,
        hint: 'Delete that one first.',
      });
    }
    await rename(source, target);
    return this.#changed(id);
  }

  async close(): Promise<void> {
    this.index.unwatch();
    await this.#worker.close();
  }

  async #changed(id: string): Promise<RunSummary> {
    await this.index.refresh(id);
    return this.index.summary(id);
  }
}

function runInUse(id: string): WorkbenchError {
  return new WorkbenchError({
    name: 'RunInUseError',
    message: `A job is working on the run "${id}".`,
    hint: 'Cancel the job first.',
  });
}

async function isPlain(place: string, kind: 'file' | 'folder'): Promise<boolean> {
  const info = await lstat(place).catch(() => null);
  return kind === 'file' ? info?.isFile() === true : info?.isDirectory() === true;
}

async function exists(place: string): Promise<boolean> {
  return (await lstat(place).catch(() => null)) !== null;
}
