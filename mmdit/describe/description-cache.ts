import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { type CheckpointDescription, describeCheckpoint } from './describe-checkpoint.ts';

/** Tokenizers of a real checkpoint take some 50 MB. */
const MAX_DESCRIPTIONS = 4;

/** Descriptions of the checkpoints asked for last, each as long as no file of its folder changes. */
export class DescriptionCache {
  readonly #describe: (folder: string) => Promise<CheckpointDescription>;
  /** In order of use, the oldest first. */
  readonly #known = new Map<string, { readonly state: string; readonly description: Promise<CheckpointDescription> }>();

  constructor(describe = describeCheckpoint) {
    this.#describe = describe;
  }

  /** Throws CheckpointError. */
  async get(folder: string): Promise<CheckpointDescription> {
    const state = await stateOf(folder);
    const known = this.#known.get(folder);
    const current = known?.state === state ? known : { state, description: this.#describe(folder) };
    this.#known.delete(folder);
    this.#known.set(folder, current);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_DESCRIPTIONS) break;
      this.#known.delete(oldest);
    }
    try {
      return await current.description;
    } catch (error) {
      if (this.#known.get(folder) === current) this.#known.delete(folder);
      throw error;
    }
  }
}

/** Names, sizes and times of change of the files in a checkpoint folder and in its components' folders. */
async function stateOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const files: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const inside = entry.isFile() ? null : await readdir(path.join(folder, entry.name)).catch(() => null);
    if (inside === null) files.push(entry.name);
    else files.push(...inside.map((name) => path.join(entry.name, name)));
  }
  const states = files.sort().map(async (file) => {
    // Links are followed: the file behind one may change.
    const info = await stat(path.join(folder, file)).catch(() => null);
    return [file, info?.size, info?.mtimeMs];
  });
  return JSON.stringify(await Promise.all(states));
}
