import { copyFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { plainFile } from '../../../calibration/runs/plain-file.ts';
import type { Run } from '../../../calibration/runs/run.ts';
import { parseBoundedJson } from '../../../mmdit/files/bounded-json.ts';
import { visibleText } from '../../../mmdit/files/visible-text.ts';
import { writeWholeFile } from '../../../mmdit/files/write-whole-file.ts';
import { field, jobRequest, picture, runKind, sweepPoint } from './contract-schemas.ts';

/** `workbench.json` of a run folder: what the library knows of a run beyond its own files. */
export const NOTES_FILE = 'workbench.json';

const MAX_BYTES = 16 * 1024 * 1024;

const schema = z.strictObject({
  format: z.literal('arrowhead-workbench'),
  version: z.literal(1),
  kind: runKind,
  tags: z.array(z.string().transform(visibleText)).max(field.LIMITS.tags),
  /** The run that it was made from. */
  parent: field.runId.nullable(),
  /** Checkpoint folder; null: the demo's. Absent in runs that came without. */
  model: field.modelId.nullable().optional(),
  /** The job that makes it, to go on with. */
  request: jobRequest.nullable(),
  /** `applied.json` knows what attention ran for them. */
  pictures: z.array(picture.omit({ applied: true })),
  sweep: z.array(sweepPoint.omit({ onFront: true })),
});

export type RunNotes = z.output<typeof schema>;
export type NotedPicture = RunNotes['pictures'][number];
/** A sweep's point before it is known which points are on the front. */
export type MeasuredPoint = RunNotes['sweep'][number];

const NO_NOTES: RunNotes = {
  format: 'arrowhead-workbench',
  version: 1,
  kind: 'generation',
  tags: [],
  parent: null,
  request: null,
  pictures: [],
  sweep: [],
};

/** null where the run has none, as runs of the command line; damaged notes count as none, for the run itself is whole. */
export async function readNotes(folder: string): Promise<RunNotes | null> {
  try {
    const data = await readFile(await plainFile(path.join(folder, NOTES_FILE)));
    if (data.length > MAX_BYTES) return null;
    return schema.parse(parseBoundedJson(data.toString('utf8')));
  } catch {
    return null;
  }
}

export type NoteChanges = Partial<Omit<RunNotes, 'format' | 'version'>>;

/**
 * Replaces fields of a run's notes; the others stay as they are on disk, so that tags set during a
 * job survive it. Notes that cannot be read (damaged, or of a newer Arrowhead) are kept beside the new ones, as
 * `workbench.json.unreadable`. Throws FileWriteError.
 */
export async function changeNotes(run: Run, changes: NoteChanges): Promise<void> {
  await run.update({}, async () => {
    const file = path.join(run.folder, NOTES_FILE);
    const before = await readNotes(run.folder);
    if (before === null) await copyFile(file, `${file}.unreadable`).catch(ignoreMissing);
    const kind = run.manifest.search ? ('calibration' as const) : ('generation' as const);
    const notes = schema.parse({ ...(before ?? { ...NO_NOTES, kind }), ...changes });
    await writeWholeFile(file, `${JSON.stringify(notes, null, 1)}\n`);
  });
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
