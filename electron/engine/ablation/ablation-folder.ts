import { mkdir, readdir, rmdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import { ABLATION_FILE } from '../../../calibration/index.ts';
import { FileWriteError, isTemporaryName, makeFolder } from '../../../mmdit/index.ts';
import { libraryFolder } from '../library-folder.ts';
import { OutputExistsError } from '../output-exists-error.ts';
import { clearRunFolder, LOCK_FILES, type RunFolderMode } from '../run-folder.ts';
import { NothingToResumeError } from '../search-wish.ts';

/** Within an ablation's folder: one run folder per search. */
export const SEARCHES_FOLDER = 'searches';
export const MARKDOWN_FILE = 'ablation.md';
export const PLOT_FILE = 'ablation.svg';

const OWN_FILES = [ABLATION_FILE, MARKDOWN_FILE, PLOT_FILE, SEARCHES_FOLDER];
const OWN_PATTERN = /^(ablation-[a-z]+\.csv|original(-\d+)?\.png)$/;

/**
 * Looks at a folder before any work is done. Throws OutputExistsError where files of a user or of another ablation would
 * be overwritten or mixed up, and NothingToResumeError.
 */
export async function inspectAblationFolder(folder: string, mode: RunFolderMode): Promise<void> {
  const names = await namesIn(folder);
  const stranger = names.find((name) => !isOwn(name));
  if (stranger !== undefined && !names.includes(ABLATION_FILE)) {
    throw new OutputExistsError(folder, `It holds other files (${stranger} …), so choose another folder`);
  }
  // What a killed write left is not an ablation.
  if (mode === 'create' && names.some((name) => !isTemporaryName(name))) {
    throw new OutputExistsError(
      folder,
      'It holds an ablation. Give --resume to go on with it, --force to start over, or choose another folder',
    );
  }
  if (mode === 'resume' && !names.includes(ABLATION_FILE)) throw new NothingToResumeError(folder, 'ablation');
}

/** A new folder `<time>-ablation` in the library. Throws FileWriteError. */
export async function makeAblationFolder(created: string): Promise<string> {
  const library = libraryFolder();
  const base = path.join(library, `${created.slice(0, 19).replaceAll(':', '-')}-ablation`);
  await makeFolder(library);
  for (let attempt = 1; ; attempt++) {
    const folder = attempt === 1 ? base : `${base}-${attempt}`;
    const isNew = await mkdir(folder).then(
      () => true,
      (cause: NodeJS.ErrnoException) => {
        if (cause.code === 'EEXIST') return false;
        throw new FileWriteError(folder, cause);
      },
    );
    if (isNew) return folder;
  }
}

/** Deletes what an earlier ablation wrote, and nothing else. */
export async function clearAblationFolder(folder: string): Promise<void> {
  const searches = path.join(folder, SEARCHES_FOLDER);
  for (const name of await namesIn(searches)) {
    await clearRunFolder(path.join(searches, name));
    // One that holds files of the user stays.
    await rmdir(path.join(searches, name)).catch(() => {});
  }
  await rmdir(searches).catch(() => {});
  const names = (await namesIn(folder)).filter((name) => isOwn(name) && name !== SEARCHES_FOLDER);
  // What makes it an ablation's folder goes last.
  names.sort((a, b) => Number(a === ABLATION_FILE) - Number(b === ABLATION_FILE));
  for (const name of names) await unlink(path.join(folder, name));
}

function isOwn(name: string): boolean {
  return OWN_FILES.includes(name) || OWN_PATTERN.test(name) || isTemporaryName(name);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => !LOCK_FILES.includes(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
