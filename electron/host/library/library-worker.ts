import { openRun } from '../../../calibration/runs/run.ts';
import { startData } from '../workers/parent-port.ts';
import { serveCalls } from '../workers/serve-calls.ts';
import { describeRun } from './describe-run.ts';
import type { LibraryCalls, LibraryStart } from './library-calls.ts';
import { PictureReader } from './picture-reader.ts';
import { RunFolders } from './run-folders.ts';

const { root, thumbnails } = startData() as LibraryStart;
const folders = new RunFolders(root);
const pictures = new PictureReader(thumbnails);

// A thread of its own, so that neither the host nor the slider waits for a library to be read or a picture to be scaled.
// It imports files rather than whole layers, and so starts in a fraction of the time.
serveCalls<LibraryCalls>({
  scan: ({ ids }) => folders.scan(ids),
  details: async ({ folder }) => describeRun(await openRun(folder)),
  import: async ({ fileName, data }) => (await import('./import-file.ts')).importFile(root, fileName, data),
  picture: ({ file, maxSize }) => pictures.read(file, maxSize),
});
