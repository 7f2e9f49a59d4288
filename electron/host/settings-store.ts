import { copyFile, mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { parseBoundedJson } from '../../mmdit/files/bounded-json.ts';
import { formatMethod, waitForFileLock, writeWholeFile } from '../../mmdit/index.ts';
import { modelId } from '../contract/fields.ts';
import { settings as schema } from '../contract/settings.ts';
import type { Settings, SettingsChanges } from '../contract.ts';
import { readDemoPrompts } from '../engine/demo-prompts.ts';
import { SEARCH_DEFAULTS } from '../engine/search-wish.ts';

const file = z.strictObject({
  format: z.literal('arrowhead-settings'),
  version: z.literal(1),
  settings: z.unknown(),
  /** Checkpoint folders that the user added. */
  models: z.array(modelId).max(1000),
});

/**
 * What the workbench remembers between sessions, in one file of the library. Every change is made to what is on disk at
 * that moment, so that programs beside each other (a server, `arrowhead models add`) lose nothing of one another's.
 */
export class SettingsStore {
  readonly #file: string;
  #content: Content;
  /** When the file was changed that `#content` is of; null where there was none. */
  #read: number | null;
  #changing: Promise<unknown> = Promise.resolve();
  /** Changes that are in memory and not on disk yet. */
  #pending: readonly ContentChange[] = [];

  private constructor(file: string, content: Content, read: number | null) {
    this.#file = file;
    this.#content = content;
    this.#read = read;
  }

  /** Fields that are missing or damaged have their defaults: a broken settings file never keeps the window closed. */
  static async open(folder: string): Promise<SettingsStore> {
    const place = path.join(folder, 'settings.json');
    const read = await changedAt(place);
    const content = await readContent(place);
    // What a newer version or an editor wrote is not lost with the next change.
    if (content === null) await copyFile(place, `${place}.unreadable`).catch(() => {});
    return new SettingsStore(place, content ?? { settings: await defaultSettings(), models: [] }, read);
  }

  get settings(): Settings {
    return this.#content.settings;
  }

  get models(): readonly string[] {
    return this.#content.models;
  }

  /** Throws FileWriteError; what is in memory stands all the same. */
  async change(changes: SettingsChanges): Promise<Settings> {
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
    await this.#change(({ settings, models }) => ({ settings: schema.parse({ ...settings, ...given }), models }));
    return this.settings;
  }

  async addModel(folder: string): Promise<void> {
    await this.#change(({ settings, models }) => ({ settings, models: [...new Set([...models, folder])] }));
  }

  async removeModel(folder: string): Promise<void> {
    await this.#change(({ settings, models }) => ({ settings, models: models.filter((other) => other !== folder) }));
  }

  /** Takes in what another program has changed. */
  async refresh(): Promise<void> {
    await this.#changing.catch(() => {});
    const changed = await changedAt(this.#file);
    if (changed === this.#read) return;
    this.#content = (await readContent(this.#file)) ?? this.#content;
    this.#read = changed;
  }

  /** One write at a time; in memory at once, so that the next question has it. */
  #change(change: ContentChange): Promise<void> {
    this.#content = change(this.#content);
    this.#pending = [...this.#pending, change];
    const write = async () => {
      await mkdir(path.dirname(this.#file), { recursive: true });
      const lock = await waitForFileLock(`${this.#file}.lock`, 'a change of settings');
      try {
        const onDisk = (await changedAt(this.#file)) === this.#read ? null : await readContent(this.#file);
        if (onDisk) this.#content = this.#pending.reduce((content, each) => each(content), onDisk);
        const content = { format: 'arrowhead-settings', version: 1, ...this.#content };
        await writeWholeFile(this.#file, `${JSON.stringify(content, null, 2)}\n`);
        this.#read = await changedAt(this.#file);
      } finally {
        this.#pending = this.#pending.filter((other) => other !== change);
        await lock.release();
      }
    };
    const writing = this.#changing.then(write, write);
    this.#changing = writing;
    return writing;
  }
}

type ContentChange = (content: Content) => Content;

interface Content {
  readonly settings: Settings;
  /** Checkpoint folders that the user added. */
  readonly models: readonly string[];
}

/** null where there is no such file, or one that is not of settings. */
async function readContent(place: string): Promise<Content | null> {
  const parsed = file.safeParse(await readJson(place));
  if (!parsed.success) return null;
  return { settings: salvage(await defaultSettings(), parsed.data.settings), models: parsed.data.models };
}

async function changedAt(place: string): Promise<number | null> {
  return (await stat(place).catch(() => null))?.mtimeMs ?? null;
}

async function defaultSettings(): Promise<Settings> {
  const prompts = await readDemoPrompts();
  return {
    theme: 'system',
    model: null,
    samples: [{ prompt: prompts.default, seed: 0 }],
    negativePrompt: '',
    sampling: null,
    delta: SEARCH_DEFAULTS.delta,
    headConstraint: SEARCH_DEFAULTS.headConstraint,
    granularity: SEARCH_DEFAULTS.granularity,
    candidates: SEARCH_DEFAULTS.candidates.map(formatMethod),
    cost: SEARCH_DEFAULTS.cost,
    device: 'auto',
    openRun: null,
    layout: {},
  };
}

/** The defaults with every field of `found` that is valid by itself. */
function salvage(defaults: Settings, found: unknown): Settings {
  if (found === null || typeof found !== 'object') return defaults;
  const valid = Object.entries(schema.shape).flatMap(([name, fieldSchema]) => {
    const value: unknown = Reflect.get(found, name);
    return value !== undefined && fieldSchema.safeParse(value).success ? [[name, value]] : [];
  });
  return schema.parse({ ...defaults, ...Object.fromEntries(valid) });
}

async function readJson(place: string): Promise<unknown> {
  try {
    return parseBoundedJson(await readFile(place, 'utf8'));
  } catch {
    return null;
  }
}
