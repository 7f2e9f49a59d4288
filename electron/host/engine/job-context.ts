import path from 'node:path';
import type { Run } from '../../../calibration/index.ts';
import type { RunOptions } from '../../engine/run-options.ts';
import { type RunNotes, writeNotes } from '../library/run-notes.ts';
import type { CallContext } from '../workers/serve-calls.ts';

/** How a job talks to whoever started it, in the engine's own terms. */
export function runOptions({ signal, report }: CallContext): Required<RunOptions> {
  return {
    signal,
    onProgress: ({ value, title, detail, etaSeconds }) =>
      report({
        kind: 'progress',
        progress: { value, title, detail, ...(etaSeconds === undefined ? {} : { etaSeconds }) },
      }),
    onNotice: (text) => report({ kind: 'notice', text }),
  };
}

/** Keeps a run's notes and tells that the run has changed. Throws FileWriteError. */
export async function keepNotes(run: Run, notes: RunNotes, { report }: CallContext): Promise<void> {
  await writeNotes(run.folder, notes);
  report({ kind: 'run', run: path.basename(run.folder) });
}
