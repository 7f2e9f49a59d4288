import { lstatSync, readdirSync, type Stats } from 'node:fs';
import path from 'node:path';
import { CalibrationError } from '../../../calibration/calibration-error.ts';
import { openRun, type Run } from '../../../calibration/runs/run.ts';
import { METRICS_FILE, RSE_FILE, RUN_FILE, SCHEME_FILE } from '../../../calibration/runs/run-files.ts';
import type { StoredSummary } from '../../../calibration/runs/run-manifest.ts';
import type { LibraryScan } from './library-calls.ts';
import { NOTES_FILE } from './run-notes.ts';
import type { StoredRun } from './stored-run.ts';
import { describeForList, summarise } from './summarise-run.ts';

/** What a summary is read from. */
const SUMMARISED_FILES = [NOTES_FILE, METRICS_FILE, SCHEME_FILE, RSE_FILE];

interface Known {
  readonly signature: string;
  readonly stored: StoredRun;
}

/** A run folder as the file system shows it. */
interface Look {
  /**
   * Differs after every change: a file that is replaced has another inode even within one tick of the clock, and what else
   * comes or goes changes the folder's own time.
   */
  readonly signature: string;
  /** Whether run.json is newer than all that its summary was read from; else something wrote past it. */
  readonly isSummaryCurrent: boolean;
}

/**
 * The run folders of a library, each read anew only where it changed. For a worker thread: it asks the file system
 * synchronously, which for hundreds of folders is several times quicker.
 */
export class RunFolders {
  readonly #root: string;
  readonly #known = new Map<string, Known>();
  #scanning: Promise<unknown> = Promise.resolve();
  #storing: Promise<unknown> = Promise.resolve();

  constructor(root: string) {
    this.#root = root;
  }

  /** All runs, or those of these ids, one scan after another. A damaged run never hides the others. */
  scan(ids: readonly string[] | null): Promise<LibraryScan> {
    const scan = this.#scanning.then(() => this.#scan(ids));
    this.#scanning = scan.catch(() => {});
    return scan;
  }

  async #scan(ids: readonly string[] | null): Promise<LibraryScan> {
    const present: string[] = [];
    const changed: StoredRun[] = [];
    for (const id of ids ?? this.#names()) {
      const before = this.#known.get(id);
      const after = await this.#look(id, before);
      if (after === null) {
        this.#known.delete(id);
        continue;
      }
      this.#known.set(id, after);
      present.push(id);
      if (JSON.stringify(before?.stored) !== JSON.stringify(after.stored)) changed.push(after.stored);
    }
    if (ids === null) {
      const there = new Set(present);
      for (const id of this.#known.keys()) if (!there.has(id)) this.#known.delete(id);
    }
    return { present, changed };
  }

  #names(): string[] {
    const entries = readdirSync(this.#root, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() && !entry.name.startsWith('.') ? [entry.name] : []));
  }

  /** null where the folder holds no run. */
  async #look(id: string, before: Known | undefined): Promise<Known | null> {
    const folder = path.join(this.#root, id);
    const now = lookAt(folder);
    if (now === null) return null;
    const { signature, isSummaryCurrent } = now;
    // A program that works on a run may end without a trace in its folder.
    if (before?.signature === signature && before.stored.run?.claimed !== true) return before;
    try {
      const run = await openRun(folder);
      const kept = isSummaryCurrent ? run.manifest.summary : null;
      const summary = kept ?? (await summarise(run));
      const described = await describeForList(run, summary);
      if (kept === null && !described.claimed) this.#store(run, summary);
      return { signature, stored: { id, run: described, reason: null } };
    } catch (error) {
      // It may have been deleted meanwhile.
      if (lookAt(folder) === null) return null;
      if (error instanceof CalibrationError) return { signature, stored: { id, run: null, reason: error.message } };
      throw error;
    }
  }

  /** Afterwards, so that no list waits for it; in a library that cannot be written to it is read again each time. */
  #store(run: Run, summary: StoredSummary): void {
    this.#storing = this.#storing.then(() => run.storeSummary(summary).catch(() => {}));
  }
}

function lookAt(folder: string): Look | null {
  const own = infoOf(folder);
  const run = infoOf(path.join(folder, RUN_FILE));
  if (!own?.isDirectory() || run === null) return null;
  const others = SUMMARISED_FILES.map((name) => infoOf(path.join(folder, name)));
  const parts = [own, run, ...others].map((info) => info && `${info.ino} ${info.mtimeMs} ${info.size}`);
  return {
    signature: parts.join(', '),
    isSummaryCurrent: others.every((info) => info === null || info.mtimeMs <= run.mtimeMs),
  };
}

/** null for what is missing or out of reach. */
function infoOf(place: string): Stats | null {
  try {
    return lstatSync(place, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}
