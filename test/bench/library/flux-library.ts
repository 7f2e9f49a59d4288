import { link } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { createRun, RSE_FILE, SCHEME_FILE } from '../../../calibration/index.ts';
import { writeRseTable } from '../../../calibration/rse/rse-table-file.ts';
import type { Scheme } from '../../../calibration/scheme/scheme.ts';
import { writeScheme } from '../../../calibration/scheme/scheme-file.ts';
import { changeNotes } from '../../../electron/host/library/run-notes.ts';
import { openTable } from '../../../electron/host/tables/open-table.ts';
import { schemeOfTuning } from '../../../electron/host/tables/solve-open-table.ts';
import { fluxTable } from '../../fixtures/flux-table.ts';
import { uniform } from '../../fixtures/synthetic-rse.ts';

const SIDE = 1024;
const PICTURES = 4;
const SUBJECTS = ['Lighthouse', 'Tea cups', 'Night train', 'Orchard', 'Harbour', 'Workshop', 'Glacier', 'Arcade'];

/**
 * A library of calibrations of FLUX.1's size (50 steps × 57 layers × 24 heads): each with its table, scheme, report of
 * what attention ran, and pictures of 1024 × 1024. Equal large files are hard links, so that it takes seconds.
 */
export async function makeFluxLibrary(root: string, scratch: string, count: number): Promise<void> {
  const table = fluxTable();
  const { search, model } = table;
  const { scheduler, steps, guidance, width, height, textTokens, tokenOrder } = table.sampling!;
  await writeRseTable(path.join(scratch, RSE_FILE), table);
  const scheme = schemeOfTuning(await openTable(scratch), {
    ...{ delta: 0.4, headConstraint: 1.5, granularity: 'head', candidates: null, cost: 'flops', pins: [] },
  });
  await writeScheme(path.join(scratch, SCHEME_FILE), scheme);
  for (let n = 0; n < PICTURES; n++) await drawPicture(path.join(scratch, `${n}.png`), n);
  for (let n = 0; n < count; n++) {
    const subject = SUBJECTS[n % SUBJECTS.length]!;
    const run = await createRun(root, `${subject} ${n + 1}`, {
      ...{ created: new Date(Date.UTC(2026, 0, 1) + n * 3_600_000).toISOString(), model, device: 'synthetic' },
      ...{ status: 'finished', seconds: { calibrate: 1800 } },
      sampling: { scheduler, steps, guidance, width, height, textTokens, tokenOrder },
      search: { ...search!, candidates: [...search!.candidates], prompts: [...search!.prompts], seeds: [0] },
    });
    const place = (from: string, to: string) => link(path.join(scratch, from), path.join(run.folder, to));
    await place(RSE_FILE, RSE_FILE);
    await place(SCHEME_FILE, SCHEME_FILE);
    await place(`${n % PICTURES}.png`, 'original.png');
    await place(`${(n + 1) % PICTURES}.png`, 'compressed.png');
    await run.addApplied('compressed.png', appliedOf(scheme));
    const prompt = `${subject} at dusk, seen from far above, number ${n + 1}`;
    const metrics = { identical: false, ssim: 0.9 + (n % 10) / 100, psnr: 31.2, mse: 0.001, lpips: null };
    const picture = { prompt, seed: n, original: 'original.png', compressed: 'compressed.png', difference: null };
    await changeNotes(run, {
      ...{ kind: 'calibration', tags: n % 3 === 0 ? ['baseline'] : [] },
      pictures: [{ ...picture, metrics: { ...metrics, lpipsPaper: null }, seconds: { original: 40, compressed: 22 } }],
    });
  }
}

function appliedOf({ plan, layers, methods, stats }: Scheme) {
  const heads = [...stats.heads];
  const steps = plan.map(() => ({ heads, sparsity: stats.sparsity }));
  const calls = plan.length * layers.length;
  return { ...{ calls, methods, heads, sparsity: stats.sparsity, steps }, mismatches: 0, firstMismatch: null };
}

/** Soft shapes under grain: about as large as a PNG of a photograph. */
async function drawPicture(file: string, seed: number): Promise<void> {
  const random = uniform(seed + 1);
  const waves = Array.from({ length: 9 }, () => random() / 60);
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  for (let at = 0; at < SIDE * SIDE; at++) {
    const [x, y] = [at % SIDE, Math.floor(at / SIDE)];
    const grain = 12 * random();
    for (let c = 0; c < 3; c++) {
      const wave = Math.sin(x * waves[c]!) + Math.sin(y * waves[c + 3]!) + Math.sin((x + y) * waves[c + 6]!);
      pixels[at * 3 + c] = 122 + 36 * wave + grain;
    }
  }
  await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .png()
    .toFile(file);
}
