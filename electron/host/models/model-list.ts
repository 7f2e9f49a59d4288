import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { WorkbenchError } from '../../contract/workbench-error.ts';
import type { ModelSummary } from '../../contract.ts';
import { DEMO_CHECKPOINT } from '../../engine/open-model.ts';
import { notFound } from '../host-errors.ts';
import type { SettingsStore } from '../settings-store.ts';

/** How the demo is called in requests that name a model; null means it too. */
export const DEMO_ID = 'demo';

/** The demo and the checkpoint folders that the user added. A folder is its own id. */
export class ModelList {
  readonly #settings: SettingsStore;

  constructor(settings: SettingsStore) {
    this.#settings = settings;
  }

  list(): ModelSummary[] {
    return [demo(), ...this.#settings.models.map(summarise)];
  }

  /** Throws NotFoundError for an id that was never added: no request opens a folder of its own choice. */
  summary(id: string | null): ModelSummary {
    if (id === null || id === DEMO_ID) return demo();
    if (!this.#settings.models.includes(id)) {
      throw notFound(`The model "${id}" is not in the list.`, 'Add its folder first.');
    }
    return summarise(id);
  }

  /** The checkpoint's folder as the engine takes it: null for the demo. Throws NotFoundError. */
  folder(id: string | null): string | null {
    const { isDemo, folder } = this.summary(id);
    return isDemo ? null : folder;
  }

  /** Throws ModelNotFoundError for a folder that is no checkpoint. */
  async add(folder: string): Promise<ModelSummary> {
    if (!path.isAbsolute(folder)) throw noModel(folder, 'give the whole path from the root');
    const absolute = path.resolve(folder);
    const info = await stat(absolute).catch(() => null);
    if (!info?.isDirectory()) throw noModel(absolute, 'there is no such folder on the machine that computes');
    if (!existsSync(path.join(absolute, 'model_index.json'))) throw noModel(absolute, 'it holds no model_index.json');
    await this.#settings.addModel(absolute);
    return summarise(absolute);
  }

  async remove(id: string): Promise<void> {
    this.summary(id);
    await this.#settings.removeModel(id);
  }
}

function demo(): ModelSummary {
  return { id: DEMO_ID, name: 'Demo', folder: DEMO_CHECKPOINT, isDemo: true, problem: null };
}

function summarise(folder: string): ModelSummary {
  const there = existsSync(path.join(folder, 'model_index.json'));
  const problem = there ? null : 'Its folder is gone, or holds no model_index.json.';
  return { id: folder, name: path.basename(folder), folder, isDemo: false, problem };
}

function noModel(folder: string, why: string): WorkbenchError {
  return new WorkbenchError({
    name: 'ModelNotFoundError',
    message: `${folder} is no checkpoint: ${why}.`,
    hint: 'Give a folder in the diffusers layout: model_index.json, transformer/, text_encoder/, vae/ …',
  });
}
