import { LIMITS } from '../../../electron/contract/fields.ts';
import type { Workbench } from '../../../electron/contract.ts';
import { formatBytes } from '../../design/format.ts';
import { notifyDone, notifyError } from '../../design/notify.ts';

/** What the file chooser shows; the host looks at what files hold, not at their names. */
export const IMPORTABLE = '.json,.safetensors';

/** The part of a File that is used. */
export interface ImportFile {
  readonly name: string;
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Makes a run of each scheme or RSE table and tells how it went. Returns the last new run; null where none came in. */
export async function importFiles(workbench: Workbench, files: readonly ImportFile[]): Promise<string | null> {
  let last: string | null = null;
  for (const file of files) {
    try {
      if (file.size > LIMITS.fileBytes)
        throw new Error(
          `${file.name} has ${formatBytes(file.size)}; at most ${formatBytes(LIMITS.fileBytes)} can be imported.`,
        );
      const data = new Uint8Array(await file.arrayBuffer());
      const { run, holds } = await workbench.request('runs.import', { fileName: file.name, data });
      last = run;
      notifyDone(`Imported ${holds === 'table' ? 'the RSE table' : 'the scheme'} ${file.name}`);
    } catch (error) {
      notifyError(`${file.name} could not be imported`, error);
    }
  }
  return last;
}
