/** The part of a FileSystemEntry that is used. */
export interface DroppedEntry {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly name: string;
}

interface DroppedFile extends DroppedEntry {
  file(found: (file: File) => void, failed: (error: Error) => void): void;
}

interface DroppedFolder extends DroppedEntry {
  createReader(): { readEntries(found: (entries: DroppedEntry[]) => void, failed: (error: Error) => void): void };
}

/**
 * The files of a drop. Of a run's folder its RSE table, from which everything can be solved again, or else its schemes.
 * Entries must be taken from the event before anything is awaited: they are gone with it.
 */
export async function droppedFiles(entries: readonly DroppedEntry[]): Promise<readonly File[]> {
  const found = await Promise.all(entries.map(filesOf));
  return found.flat();
}

async function filesOf(entry: DroppedEntry): Promise<readonly File[]> {
  if (entry.isFile) return [await readFile(entry as DroppedFile)];
  if (!entry.isDirectory) return [];
  const files = (await readFolder(entry as DroppedFolder)).filter(({ isFile }) => isFile);
  const table = files.filter(({ name }) => name === 'rse.safetensors');
  const schemes = files.filter(({ name }) => name.endsWith('.scheme.json'));
  return Promise.all((table.length > 0 ? table : schemes).map((file) => readFile(file as DroppedFile, entry.name)));
}

/** A run's table is known by its folder's name: they are all called rse.safetensors. */
async function readFile(entry: DroppedFile, folder?: string): Promise<File> {
  const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
  if (folder === undefined || file.name !== 'rse.safetensors') return file;
  return new File([file], `${folder}.safetensors`, { type: file.type });
}

/** A reader hands entries out in parts until it has none left. */
async function readFolder(folder: DroppedFolder): Promise<readonly DroppedEntry[]> {
  const reader = folder.createReader();
  const all: DroppedEntry[] = [];
  for (;;) {
    const part = await new Promise<DroppedEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return all;
    all.push(...part);
  }
}
