import type { LoadProgress } from '../../mmdit/index.ts';
import { type OnProgress, secondsLeft } from './progress.ts';

const GB = 1e9;

/** Says how much of a model's weights is loaded: the beginning of a job, of whose own work nothing is done yet. */
export function loadingProgress(onProgress: OnProgress | undefined): (progress: LoadProgress) => void {
  const title = 'Loading the model';
  onProgress?.({ value: 0, title, detail: '' });
  const started = performance.now();
  return ({ bytes, totalBytes }) => {
    const etaSeconds = secondsLeft(bytes / totalBytes, (performance.now() - started) / 1000);
    onProgress?.({ value: 0, title, detail: loadedBytes(bytes, totalBytes), etaSeconds });
  };
}

function loadedBytes(bytes: number, totalBytes: number): string {
  const [unit, name] = totalBytes >= GB ? [GB, 'GB'] : [1e6, 'MB'];
  return `${(bytes / unit).toFixed(1)} of ${(totalBytes / unit).toFixed(1)} ${name}`;
}
