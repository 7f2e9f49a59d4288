import { copyFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { formatMethod, writeWholeFile } from '../../mmdit/index.ts';
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

/** What the workbench remembers between sessions, in one file of the library. */
export class SettingsStore {
  readonly #file: string;
  #settings: Settings;
  #models: readonly string[];
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, settings: Settings, models: readonly string[]) {
    this.#file = file;
    this.#settings = settings;
    this.#models = models;
  }

  /** Fields that are missing or damaged have their defaults: a broken settings file never keeps the window closed. */
  static async open(folder: string): Promise<SettingsStore> {
    const place = path.join(folder, 'settings.json');
    const defaults = await defaultSettings();
    const parsed = file.safeParse(await readJson(place));
    if (!parsed.success) {
      // What a newer version or an editor wrote is not lost with the next change.
      await copyFile(place, `${place}.unreadable`).catch(() => {});
      return new SettingsStore(place, defaults, []);
    }
    return new SettingsStore(place, salvage(defaults, parsed.data.settings), parsed.data.models);
  }

  get settings(): Settings {
    return this.#settings;
  }

  get models(): readonly string[] {
    return this.#models;
  }

  /** Throws FileWriteError; what is in memory stands all the same. */
  async change(changes: SettingsChanges): Promise<Settings> {
    const given = Object.entries(changes).filter(([, value]) => value !== undefined);
    this.#settings = schema.parse({ ...this.#settings, ...Object.fromEntries(given) });
    await this.#write();
    return this.#settings;
  }

  async setModels(models: readonly string[]): Promise<void> {
    this.#models = models;
    await this.#write();
  }

  /** One write at a time, each of the newest state. */
  #write(): Promise<void> {
    const write = async () => {
      await mkdir(path.dirname(this.#file), { recursive: true });
      const content = { format: 'arrowhead-settings', version: 1, settings: this.#settings, models: this.#models };
      await writeWholeFile(this.#file, `${JSON.stringify(content, null, 2)}\n`);
    };
    this.#writing = this.#writing.then(write, write);
    return this.#writing;
  }
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
    return JSON.parse(await readFile(place, 'utf8'));
  } catch {
    return null;
  }
}
