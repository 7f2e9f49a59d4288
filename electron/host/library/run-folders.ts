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

/** Coarsest step of file systems' clocks. */
const COARSEST_MS = 2000;

interface Known extends Look {
  readonly stored: StoredRun;
}

/** A run folder as the file system shows it. */
interface Look {
  /** Of the folder and its run.json. */
  readonly signature: string;
  /** Whether every later change shows in that signature: the folder's time had passed when it was looked at. */
  readonly isSettled: boolean;
  /** Differs after every change, within one tick of the clock too: a file that is replaced has another inode. */
  readonly files: string;
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
      present.push(id);
      if (after === before) continue;
      this.#known.set(id, after);
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
    // A program that works on a run may end without a trace in its folder.
    const mayTrust = before !== undefined && before.stored.run?.claimed !== true;
    const signature = signatureOf(folder);
    if (signature === null) return null;
    if (mayTrust && before.isSettled && before.signature === signature.text) return before;
    const now = lookAt(folder, signature);
    if (mayTrust && before.files === now.files) return { ...now, stored: before.stored };
    try {
      const run = await openRun(folder);
      const kept = now.isSummaryCurrent ? run.manifest.summary : null;
      const summary = kept ?? (await summarise(run));
      const described = await describeForList(run, summary);
      if (kept === null && !described.claimed) this.#store(run, summary);
      return { ...now, stored: { id, run: described, reason: null } };
    } catch (error) {
      // It may have been deleted meanwhile.
      if (signatureOf(folder) === null) return null;
      if (error instanceof CalibrationError) return { ...now, stored: { id, run: null, reason: error.message } };
      throw error;
    }
  }

  /** Afterwards, so that no list waits for it; in a library that cannot be written to it is read again each time. */
  #store(run: Run, summary: StoredSummary): void {
    this.#storing = this.#storing.then(() => run.storeSummary(summary).catch(() => {}));
  }
}

interface Signature {
  readonly text: string;
  readonly folder: Stats;
  readonly run: Stats;
}

/** null where the folder holds no run. */
function signatureOf(place: string): Signature | null {
  const folder = infoOf(place);
  const run = infoOf(path.join(place, RUN_FILE));
  if (!folder?.isDirectory() || run === null) return null;
  return { text: describe(folder) + describe(run), folder, run };
}

function lookAt(place: string, { text, folder, run }: Signature): Look {
  const others = SUMMARISED_FILES.map((name) => infoOf(path.join(place, name)));
  return {
    signature: text,
    isSettled: Date.now() - folder.mtimeMs > COARSEST_MS,
    files: [text, ...others.map((info) => info && describe(info))].join(', '),
    isSummaryCurrent: others.every((info) => info === null || info.mtimeMs <= run.mtimeMs),
  };
}

function describe({ ino, mtimeMs, size }: Stats): string {
  return `${ino} ${mtimeMs} ${size} `;
}

/** null for what is missing or out of reach. */
function infoOf(place: string): Stats | null {
  try {
    return lstatSync(place, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}
