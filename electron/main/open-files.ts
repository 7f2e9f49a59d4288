import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { dialog } from 'electron';
import type { Workbench } from '../contract.ts';
import { toErrorInfo } from '../host/host-errors.ts';

const MAX_BYTES = 256 * 1024 * 1024;

/** Files among a command line's words: schemes and RSE tables given to the app, as by a double click. */
export function filesOfCommandLine(words: readonly string[]): readonly string[] {
  return words.filter((word) => /\.(scheme\.json|safetensors)$/i.test(word) && !word.startsWith('-'));
}

/** Asks for files and imports them. */
export async function chooseAndImport(workbench: Workbench): Promise<void> {
  const filters = [{ name: 'Schemes and RSE tables', extensions: ['json', 'safetensors'] }];
  const { filePaths } = await dialog.showOpenDialog({ properties: ['openFile', 'multiSelections'], filters });
  await importFiles(workbench, filePaths);
}

/** Imports files into the library; what cannot be imported is told in a dialog. */
export async function importFiles(workbench: Workbench, files: readonly string[]): Promise<void> {
  for (const file of files) {
    try {
      const { size } = await stat(file);
      if (size > MAX_BYTES) throw new Error(`${file} is ${size} bytes long; at most ${MAX_BYTES} are read`);
      const data = new Uint8Array(await readFile(file));
      await workbench.request('runs.import', { fileName: path.basename(file), data });
    } catch (error) {
      const { message, hint } = toErrorInfo(error);
      dialog.showErrorBox('The file could not be imported', hint ? `${message}\n${hint}` : message);
    }
  }
}
