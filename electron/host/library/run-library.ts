import { lstat, mkdir, realpath, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { CLAIM_FILE, claimRun, listRuns, openRun, type Run } from '../../../calibration/index.ts';
import { FileWriteError } from '../../../mmdit/index.ts';
import { WorkbenchError } from '../../contract/workbench-error.ts';
import type { Reply, RunDetails, RunSummary } from '../../contract.ts';
import { notFound } from '../host-errors.ts';
import { describeRun } from './describe-run.ts';
import { changeNotes } from './run-notes.ts';
import { summariseRun } from './summarise-run.ts';

const TRASH = '.trash';

/**
 * A folder of run folders. A run is known by its folder's name; no name leads out of the library, not by way of links
 * either.
 */
export class RunLibrary {
  readonly root: string;
  /** Ids of runs that a job of this host works on. */
  readonly #inUse: () => ReadonlySet<string>;

  private constructor(root: string, inUse: () => ReadonlySet<string>) {
    this.root = root;
    this.#inUse = inUse;
  }

  /** Makes the folder if it is missing. Throws FileWriteError. */
  static async open(root: string, inUse: () => ReadonlySet<string>): Promise<RunLibrary> {
    await mkdir(root, { recursive: true }).catch((cause: unknown) => {
      throw new FileWriteError(root, cause);
    });
    return new RunLibrary(await realpath(root), inUse);
  }

  async list(): Promise<Reply<'runs.list'>> {
    const { runs, unreadable } = await listRuns(this.root);
    const visible = runs.filter(({ folder }) => !path.basename(folder).startsWith('.'));
    const inUse = this.#inUse();
    // A damaged one must not hide the others.
    const damaged = [...unreadable];
    const summaries = visible.map((run) =>
      summariseRun(run, inUse).catch((error: Error) => {
        damaged.push({ folder: run.folder, reason: error.message });
        return null;
      }),
    );
    const readable = (await Promise.all(summaries)).filter((summary) => summary !== null);
    // One that was deleted meanwhile is not damaged.
    const there = await Promise.all(damaged.map(({ folder }) => exists(folder)));
    const stillThere = damaged.filter((_, i) => there[i]);
    return {
      runs: readable,
      unreadable: stillThere.map(({ folder, reason }) => ({ id: path.basename(folder), reason })),
    };
  }

  async summary(id: string): Promise<RunSummary> {
    return summariseRun(await this.run(id), this.#inUse());
  }

  async details(id: string): Promise<RunDetails> {
    const run = await this.run(id);
    return describeRun(run, await summariseRun(run, this.#inUse()));
  }

  /** Throws NotFoundError, CalibrationFileError. */
  async run(id: string): Promise<Run> {
    return openRun(await this.folder(id));
  }

  /** The run's folder, a true folder of the library. Throws NotFoundError. */
  async folder(id: string): Promise<string> {
    const folder = path.join(this.root, id);
    if (id.startsWith('.') || path.dirname(folder) !== this.root || !(await isPlain(folder, 'folder'))) {
      throw notFound(`There is no run "${id}" in the library.`, 'It may have been deleted or renamed on disk.');
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
    return this.summary(id);
  }

  async setTags(id: string, tags: readonly string[]): Promise<RunSummary> {
    const run = await this.run(id);
    await changeNotes(run, { tags: [...new Set(tags)] });
    return this.summary(id);
  }

  /** Moves a run into the library's trash. Throws RunInUseError, RunBusyError. */
  async delete(id: string): Promise<void> {
    const folder = await this.folder(id);
    if (this.#inUse().has(id)) throw runInUse(id);
    const claim = await claimRun(folder, 'the run library');
    const trash = path.join(this.root, TRASH);
    await mkdir(trash, { recursive: true });
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
    return this.summary(id);
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
