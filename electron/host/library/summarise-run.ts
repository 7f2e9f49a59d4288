import { readdir } from 'node:fs/promises';
import path from 'node:path';
import {
  ORIGINAL_FILE,
  RSE_FILE,
  type Run,
  runWorker,
  SCHEME_FILE,
  type StoredSummary,
} from '../../../calibration/index.ts';
import type { RunPicture, RunSummary } from '../../contract.ts';
import { picturesOf } from './pictures-of-run.ts';
import { type RunNotes, readNotes } from './run-notes.ts';
import { thumbnailOf } from './thumbnails.ts';

/**
 * What a list shows of a run: from run.json alone, where its summary is there. `inUse`: runs that a job of this host works
 * on; other programs are asked by their claim. One that says `running` and that nobody works on was interrupted.
 */
export async function summariseRun(run: Run, inUse: ReadonlySet<string>): Promise<RunSummary> {
  const { manifest, folder } = run;
  const { name, created, status, error, model, sampling } = manifest;
  const id = path.basename(folder);
  const isRunning = inUse.has(id) || (status === 'running' && (await runWorker(folder)) !== null);
  const { thumbnail, resumable, ...stored } = manifest.summary ?? (await summariseAnew(run, isRunning));
  // A threshold is no bound on RSE.
  const bounds = manifest.search?.algorithm === undefined ? manifest.search : null;
  const isUnfinished = status === 'running' || status === 'cancelled' || status === 'failed';
  return {
    ...stored,
    ...{ id, name, created, error, model },
    status: isRunning ? 'running' : status === 'running' ? 'interrupted' : status,
    sampling: sampling && {
      steps: sampling.steps,
      guidance: sampling.guidance,
      width: sampling.width,
      height: sampling.height,
    },
    delta: bounds?.delta ?? null,
    headConstraint: bounds?.headConstraint ?? null,
    resumable: resumable && isUnfinished && !isRunning,
    thumbnail: await thumbnailOf(folder, thumbnail),
  };
}

/** Reads the run's files, and keeps in run.json what it finds, unless more is being written. */
async function summariseAnew(run: Run, isRunning: boolean): Promise<StoredSummary> {
  const { manifest, folder } = run;
  const names = new Set(await readdir(folder));
  const notes = await readNotes(folder);
  const pictures = await picturesOf(run, notes, names);
  const scheme = names.has(SCHEME_FILE) ? await run.readScheme().catch(() => null) : null;
  const summary: StoredSummary = {
    kind: notes?.kind ?? (manifest.search ? 'calibration' : 'generation'),
    tags: notes?.tags ?? [],
    parent: notes?.parent ?? null,
    prompt: pictures[0]?.prompt ?? manifest.search?.prompts[0] ?? '',
    sparsity: scheme?.stats.sparsity ?? null,
    ssim: mean(pictures.map(({ metrics }) => metrics?.ssim ?? null)),
    lpips: mean(pictures.map(({ metrics }) => metrics?.lpips ?? null)),
    hasTable: names.has(RSE_FILE),
    resumable: isResumable(run, notes),
    thumbnail: thumbnailFile(pictures, names),
  };
  // In a library that cannot be written to it is found again each time.
  if (!isRunning) await run.storeSummary(summary).catch(() => {});
  return summary;
}

function isResumable({ manifest }: Run, notes: RunNotes | null): boolean {
  if (notes === null) return manifest.search !== null && manifest.search.cost !== 'file';
  return notes.kind === 'sweep' || notes.kind === 'calibration';
}

function thumbnailFile(pictures: readonly RunPicture[], names: ReadonlySet<string>): string | null {
  const first = pictures[0];
  const file = first?.compressed ?? first?.original ?? ORIGINAL_FILE;
  return names.has(file) ? file : null;
}

/** null where any value is missing: a mean over fewer pictures would be another number. */
function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0 || known.length < values.length) return null;
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}
