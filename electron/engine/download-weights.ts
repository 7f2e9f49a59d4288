import { rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import {
  addWeights,
  type InstalledWeights,
  type LpipsNetwork,
  makeWeightsFolder,
  PUBLISHED_WEIGHTS,
  type PublishedFile,
  weightsFolder,
} from '../../calibration/index.ts';
import { CancelledError } from './cancelled-error.ts';
import { type DownloadOptions, downloadFile } from './download-file.ts';
import type { OnProgress } from './progress.ts';
import type { RunOptions } from './run-options.ts';

const MIB = 2 ** 20;

/**
 * Downloads the files that a network's authors publish and keeps what LPIPS needs of them. What was downloaded is
 * deleted in the end, and kept where it is not all there yet. Throws DownloadError, FileWriteError, CancelledError.
 */
export async function downloadWeights(
  network: LpipsNetwork,
  { signal, onProgress }: RunOptions = {},
  files: readonly PublishedFile[] = PUBLISHED_WEIGHTS[network],
  options: Pick<DownloadOptions, 'pauseMs' | 'stallMs'> = {},
): Promise<InstalledWeights> {
  const folder = path.join(weightsFolder(), 'downloads');
  await makeWeightsFolder(folder);
  const progress = new DownloadProgress(files, onProgress);
  const targets: string[] = [];
  try {
    for (const file of files) {
      const target = path.join(folder, file.name);
      const onBytes = (bytes: number): void => progress.update(file, bytes);
      await downloadFile(file, target, { ...options, signal, onBytes }).catch((error: unknown) => {
        if (!signal?.aborted) throw error;
        throw new CancelledError(
          `Cancelled: what was downloaded is kept in ${folder}; the same command goes on with it.`,
        );
      });
      targets.push(target);
    }
    onProgress?.({ value: 1, title: 'Checking', detail: '' });
    const installed = await addWeights(network, targets);
    for (const target of targets) await rm(target, { force: true });
    return installed;
  } finally {
    // Fails where a download waits to be gone on with.
    await rmdir(folder).catch(() => {});
  }
}

/** Time left by the speed of this call: what an earlier one brought took no time of it. */
class DownloadProgress {
  readonly #files: readonly PublishedFile[];
  readonly #onProgress: OnProgress | undefined;
  readonly #have = new Map<PublishedFile, number>();
  readonly #startedAt = performance.now();
  #resumed = 0;

  constructor(files: readonly PublishedFile[], onProgress: OnProgress | undefined) {
    this.#files = files;
    this.#onProgress = onProgress;
  }

  update(file: PublishedFile, bytes: number): void {
    if (!this.#have.has(file)) this.#resumed += bytes;
    this.#have.set(file, bytes);
    const total = sum(this.#files.map((each) => each.bytes));
    const done = sum([...this.#have.values()]);
    const speed = (done - this.#resumed) / ((performance.now() - this.#startedAt) / 1000);
    this.#onProgress?.({
      value: Math.min(1, done / total),
      title: 'Downloading',
      detail: `${file.name}, ${(bytes / MIB).toFixed(1)} of ${(file.bytes / MIB).toFixed(1)} MiB`,
      etaSeconds: speed > 0 ? (total - done) / speed : null,
    });
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
