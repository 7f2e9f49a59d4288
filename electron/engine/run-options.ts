import type { OnProgress } from './progress.ts';

/** How a long job talks to whoever started it. */
export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** A sentence that the user should read: words ignored, a scheme that does not fit. */
  readonly onNotice?: (text: string) => void;
}
