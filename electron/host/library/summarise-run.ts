import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { ORIGINAL_FILE, RSE_FILE, type Run, SCHEME_FILE } from '../../../calibration/index.ts';
import type { RunPicture, RunSummary } from '../../contract.ts';
import { picturesOf } from './pictures-of-run.ts';
import { type RunNotes, readNotes } from './run-notes.ts';
import { thumbnailOf } from './thumbnails.ts';

/** `inUse`: runs that a job works on. One that says `running` and is not among them was killed. */
export async function summariseRun(run: Run, inUse: ReadonlySet<string>): Promise<RunSummary> {
  const { manifest, folder } = run;
  const id = path.basename(folder);
  const names = new Set(await readdir(folder));
  const notes = await readNotes(folder);
  const pictures = await picturesOf(run, notes, names);
  const scheme = names.has(SCHEME_FILE) ? await run.readScheme().catch(() => null) : null;
  const killed = manifest.status === 'running' && !inUse.has(id);
  const sampling = manifest.sampling;
  // A threshold is no bound on RSE.
  const bounds = manifest.search?.algorithm === undefined ? manifest.search : null;
  return {
    id,
    name: manifest.name,
    kind: notes?.kind ?? (manifest.search ? 'calibration' : 'generation'),
    created: manifest.created,
    status: inUse.has(id) ? 'running' : killed ? 'cancelled' : manifest.status,
    error: manifest.error,
    tags: notes?.tags ?? [],
    prompt: pictures[0]?.prompt ?? manifest.search?.prompts[0] ?? '',
    model: manifest.model,
    sampling: sampling && {
      steps: sampling.steps,
      guidance: sampling.guidance,
      width: sampling.width,
      height: sampling.height,
    },
    delta: bounds?.delta ?? null,
    headConstraint: bounds?.headConstraint ?? null,
    sparsity: scheme?.stats.sparsity ?? null,
    ssim: mean(pictures.map(({ metrics }) => metrics?.ssim ?? null)),
    lpips: mean(pictures.map(({ metrics }) => metrics?.lpips ?? null)),
    hasTable: names.has(RSE_FILE),
    resumable: isResumable(run, notes, killed) && !inUse.has(id),
    parent: notes?.parent ?? null,
    thumbnail: await thumbnailOf(folder, thumbnailFile(pictures, names)),
  };
}

function isResumable({ manifest }: Run, notes: RunNotes | null, killed: boolean): boolean {
  if (!killed && manifest.status !== 'cancelled' && manifest.status !== 'failed') return false;
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
