import { METRICS_FILE, type Run } from '../../../calibration/index.ts';
import type { RunPicture } from '../../contract.ts';
import { DIFFERENCE_FILE } from '../../engine/paint-pair.ts';
import type { RunNotes } from './run-notes.ts';

/**
 * The pictures of a run: what the workbench noted, else what the command line wrote (`metrics.json`). A damaged
 * metrics file counts as no pictures. `names` are the files of the run's folder.
 */
export async function picturesOf(
  run: Run,
  notes: RunNotes | null,
  names: ReadonlySet<string>,
): Promise<readonly RunPicture[]> {
  if (notes !== null && notes.pictures.length > 0) return notes.pictures;
  if (!names.has(METRICS_FILE)) return [];
  const pictures = await run.readMetrics().catch(() => []);
  const { original = null, compressed = null } = run.manifest.seconds;
  return pictures.map(({ prompt, seed, original: a, compressed: b, ...metrics }) => {
    const difference = a.replace(/^original/, DIFFERENCE_FILE.replace('.png', ''));
    return {
      prompt,
      seed,
      original: names.has(a) ? a : null,
      compressed: names.has(b) ? b : null,
      difference: difference !== a && names.has(difference) ? difference : null,
      metrics,
      seconds: { original, compressed },
    };
  });
}
