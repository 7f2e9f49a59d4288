import { lstat } from 'node:fs/promises';
import { CalibrationFileError } from '../calibration-error.ts';

/**
 * The same path, of a file of a run that is no symbolic link: a run that came from elsewhere must not show other files
 * of this machine. Throws CalibrationFileError; a missing file is reported when it is opened.
 */
export async function plainFile(file: string): Promise<string> {
  const info = await lstat(file).catch(() => null);
  if (info?.isSymbolicLink()) {
    throw new CalibrationFileError(
      file,
      'is a symbolic link, and files of a run are not read through one. Copy the file there instead',
    );
  }
  return file;
}
