import type { Run } from '../../../calibration/runs/run.ts';
import { DIFFERENCE_FILE, METRICS_FILE } from '../../../calibration/runs/run-files.ts';
import type { AppliedMethods, RunPicture } from '../../contract.ts';
import type { NotedPicture, RunNotes } from './run-notes.ts';

/**
 * The pictures of a run: what the workbench noted, else what the command line wrote (`metrics.json`), with what attention
 * ran for them (`applied.json`). A damaged file counts as none. `names` are the files of the run's folder.
 */
export async function picturesOf(
  run: Run,
  notes: RunNotes | null,
  names: ReadonlySet<string>,
): Promise<readonly RunPicture[]> {
  const noted = await notedPictures(run, notes, names);
  const applied = noted.length === 0 ? new Map() : await appliedOf(run);
  return noted.map((picture) => ({ ...picture, applied: applied.get(picture.compressed) ?? null }));
}

/** The same without what attention ran for them. */
export async function notedPictures(
  run: Run,
  notes: RunNotes | null,
  names: ReadonlySet<string>,
): Promise<readonly NotedPicture[]> {
  return notes !== null && notes.pictures.length > 0 ? notes.pictures : measuredPictures(run, names);
}

async function measuredPictures(run: Run, names: ReadonlySet<string>): Promise<readonly NotedPicture[]> {
  if (!names.has(METRICS_FILE)) return [];
  const pictures = await run.readMetrics().catch(() => []);
  const { original = null, compressed = null } = run.manifest.seconds;
  return pictures.map(({ prompt, seed, negativePrompt, original: a, compressed: b, ...metrics }) => {
    const difference = a.replace(/^original/, DIFFERENCE_FILE.replace('.png', ''));
    return {
      prompt,
      seed,
      ...(negativePrompt !== undefined && { negativePrompt }),
      original: names.has(a) ? a : null,
      compressed: names.has(b) ? b : null,
      difference: difference !== a && names.has(difference) ? difference : null,
      metrics,
      seconds: { original, compressed },
    };
  });
}

/** By file of the run. */
async function appliedOf(run: Run): Promise<ReadonlyMap<string | null, AppliedMethods>> {
  const reports = await run.readApplied().catch(() => []);
  return new Map(
    reports.map(({ picture, methods, heads, sparsity, mismatches, firstMismatch }) => [
      picture,
      { methods, heads, sparsity, mismatches, firstMismatch },
    ]),
  );
}
