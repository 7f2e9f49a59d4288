import { readdir } from 'node:fs/promises';
import type { Run } from '../../../calibration/runs/run.ts';
import type { RunDetails, SweepPoint } from '../../contract.ts';
import type { LibraryCalls } from './library-calls.ts';
import { picturesOf } from './pictures-of-run.ts';
import { type MeasuredPoint, readNotes } from './run-notes.ts';

export async function describeRun(run: Run): Promise<LibraryCalls['details']['result']> {
  const { manifest, folder } = run;
  const notes = await readNotes(folder);
  const pictures = await picturesOf(run, notes, new Set(await readdir(folder)));
  return {
    device: manifest.device,
    search: manifest.search && { ...manifest.search, granularity: manifest.search.granularity ?? 'head' },
    seconds: manifest.seconds,
    schemes: await schemesOf(run),
    pictures: [...pictures],
    sweep: markFront(notes?.sweep ?? []),
  };
}

/** Damaged schemes are left out; opening one by name says what is wrong with it. */
async function schemesOf(run: Run): Promise<RunDetails['schemes']> {
  const schemes: RunDetails['schemes'] = [];
  for (const file of await run.schemes()) {
    const scheme = await run.readSchemeHead(file).catch(() => null);
    if (scheme === null) continue;
    const { search, stats } = scheme;
    const { delta, headConstraint, threshold, mode } = search;
    const bounds = { delta, headConstraint, ...(threshold !== undefined && { threshold }) };
    schemes.push({ file, ...bounds, mode, sparsity: stats.sparsity });
  }
  return schemes;
}

/** Points that no other point beats in sparsity and SSIM. */
export function markFront(points: readonly MeasuredPoint[]): SweepPoint[] {
  return points.map((point) => {
    const beaten = points.some(
      ({ sparsity, ssim }) =>
        sparsity >= point.sparsity && ssim >= point.ssim && (sparsity > point.sparsity || ssim > point.ssim),
    );
    return { ...point, onFront: !beaten };
  });
}
