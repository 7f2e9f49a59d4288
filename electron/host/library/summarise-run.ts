import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Run } from '../../../calibration/runs/run.ts';
import { runWorker } from '../../../calibration/runs/run-claim.ts';
import { ORIGINAL_FILE, RSE_FILE, SCHEME_FILE } from '../../../calibration/runs/run-files.ts';
import type { StoredSummary } from '../../../calibration/runs/run-manifest.ts';
import { notedPictures } from './pictures-of-run.ts';
import { type NotedPicture, type RunNotes, readNotes } from './run-notes.ts';
import type { RunOnDisk } from './stored-run.ts';

/** Longer prompts are cut in the list; the run has them whole. */
const PROMPT_CHARACTERS = 1000;

/** What a list shows of a run: run.json, and the summary that was read from its other files. */
export async function describeForList(run: Run, summary: StoredSummary): Promise<RunOnDisk> {
  const { manifest, folder } = run;
  const { name, created, status, error, model, sampling } = manifest;
  // A threshold is no bound on RSE.
  const bounds = manifest.search?.algorithm === undefined ? manifest.search : null;
  return {
    ...summary,
    ...{ id: path.basename(folder), name, created, status, error, model },
    claimed: status === 'running' && (await runWorker(folder)) !== null,
    sampling: sampling && {
      steps: sampling.steps,
      guidance: sampling.guidance,
      width: sampling.width,
      height: sampling.height,
    },
    delta: bounds?.delta ?? null,
    headConstraint: bounds?.headConstraint ?? null,
    thumbnail: await thumbnailOf(folder, summary.thumbnail),
  };
}

/** Reads a summary from the run's files; nothing of the size of a table, a plan or a picture. */
export async function summarise(run: Run): Promise<StoredSummary> {
  const { manifest, folder } = run;
  const names = new Set(await readdir(folder));
  const notes = await readNotes(folder);
  const pictures = await notedPictures(run, notes, names);
  const scheme = names.has(SCHEME_FILE) ? await run.readSchemeHead().catch(() => null) : null;
  return {
    kind: notes?.kind ?? (manifest.search ? 'calibration' : 'generation'),
    tags: notes?.tags ?? [],
    parent: notes?.parent ?? null,
    prompt: (pictures[0]?.prompt ?? manifest.search?.prompts[0] ?? '').slice(0, PROMPT_CHARACTERS),
    sparsity: scheme?.stats.sparsity ?? null,
    ssim: mean(pictures.map(({ metrics }) => metrics?.ssim ?? null)),
    lpips: mean(pictures.map(({ metrics }) => metrics?.lpips ?? null)),
    hasTable: names.has(RSE_FILE),
    resumable: isResumable(run, notes),
    thumbnail: thumbnailFile(pictures, names),
  };
}

function isResumable({ manifest }: Run, notes: RunNotes | null): boolean {
  if (notes === null) return manifest.search !== null && manifest.search.cost !== 'file';
  return notes.kind === 'sweep' || notes.kind === 'calibration';
}

function thumbnailFile(pictures: readonly NotedPicture[], names: ReadonlySet<string>): string | null {
  const first = pictures[0];
  const file = first?.compressed ?? first?.original ?? ORIGINAL_FILE;
  return names.has(file) ? file : null;
}

async function thumbnailOf(folder: string, file: string | null): Promise<RunOnDisk['thumbnail']> {
  const info = file === null ? null : await stat(path.join(folder, file)).catch(() => null);
  return file === null || info === null ? null : { file, modified: info.mtimeMs };
}

/** null where any value is missing: a mean over fewer pictures would be another number. */
function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0 || known.length < values.length) return null;
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}
