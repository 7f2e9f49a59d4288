import path from 'node:path';
import type { Run } from '../../../calibration/index.ts';
import type { RunOptions } from '../../engine/run-options.ts';
import { changeNotes, type NoteChanges } from '../library/run-notes.ts';
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

/** Changes a run's notes and reports that the run has changed. Throws FileWriteError. */
export async function noteInRun(run: Run, changes: NoteChanges, { report }: CallContext): Promise<void> {
  await changeNotes(run, changes);
  report({ kind: 'run', run: path.basename(run.folder) });
}
