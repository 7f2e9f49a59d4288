import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, dialog } from 'electron';
import { LIMITS } from '../contract/fields.ts';
import type { Workbench } from '../contract.ts';
import { toErrorInfo } from '../host/host-errors.ts';
import { sendCommand } from './window-bridge.ts';

/**
 * Files among a command line's words: schemes and RSE tables given to the app, as by a double click, which on Linux gives
 * them as URLs. Absolute paths.
 */
export function filesOfCommandLine(words: readonly string[], folder: string): readonly string[] {
  return words
    .filter((word) => /\.(scheme\.json|safetensors)$/i.test(word) && !word.startsWith('-'))
    .map((word) => path.resolve(folder, /^file:/i.test(word) ? pathOfUrl(word) : word));
}

/** As it was given where it cannot be a path: importing it says so. */
function pathOfUrl(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    return url;
  }
}

/**
 * Files that the app is asked to open: by its own command line (Windows, Linux), by that of a second start, and by macOS,
 * which may ask before the app is ready. They wait until there is a workbench to import them.
 */
export class FilesToOpen {
  readonly #waiting: string[];
  #workbench: Workbench | null = null;
  #importing: Promise<void> = Promise.resolve();

  /** To be made while the main module is evaluated: an earlier `open-file` is lost. */
  constructor(commandLine: readonly string[]) {
    this.#waiting = [...filesOfCommandLine(commandLine, process.cwd())];
    app.on('open-file', (event, file) => {
      event.preventDefault();
      void this.#open([file]);
    });
    app.on('second-instance', (_event, words, folder) => void this.#open(filesOfCommandLine(words, folder)));
  }

  /** Imports what has been asked for so far, and from now on whatever comes. */
  importInto(workbench: Workbench): Promise<void> {
    this.#workbench = workbench;
    return this.#open([]);
  }

  #open(files: readonly string[]): Promise<void> {
    this.#waiting.push(...files);
    const workbench = this.#workbench;
    if (workbench === null) return Promise.resolve();
    const found = this.#waiting.splice(0);
    this.#importing = this.#importing.then(() => importFiles(workbench, found));
    return this.#importing;
  }
}

/** Asks for files and imports them. */
export async function chooseAndImport(workbench: Workbench): Promise<void> {
  const filters = [{ name: 'Schemes and RSE tables', extensions: ['json', 'safetensors'] }];
  const { filePaths } = await dialog.showOpenDialog({ properties: ['openFile', 'multiSelections'], filters });
  await importFiles(workbench, filePaths);
}

/** Imports files into the library and shows the last one; what cannot be imported is reported in a dialog. */
export async function importFiles(workbench: Workbench, files: readonly string[]): Promise<void> {
  let last: string | null = null;
  for (const file of files) {
    try {
      const { size } = await stat(file);
      if (size > LIMITS.fileBytes) {
        throw new Error(`${file} is ${size} bytes long; at most ${LIMITS.fileBytes} can be imported`);
      }
      const data = new Uint8Array(await readFile(file));
      last = (await workbench.request('runs.import', { fileName: path.basename(file), data })).run;
    } catch (error) {
      const { message, hint } = toErrorInfo(error);
      dialog.showErrorBox('The file could not be imported', hint ? `${message}\n${hint}` : message);
    }
  }
  if (last === null) return;
  // A window that is still loading opens what the settings name; one that is there is told.
  await workbench.request('settings.set', { openRun: last });
  sendCommand(`run:${last}`);
}
