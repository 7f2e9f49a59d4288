import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { CheckpointError, checkpointName, findCheckpoint, requireNoOutsideLinks } from '../../../mmdit/index.ts';
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
  readonly #followsLinks: boolean;

  /** `followsLinks`: folders are added by this machine's user, so their links may lead out of them. */
  constructor(settings: SettingsStore, { followsLinks }: { readonly followsLinks: boolean }) {
    this.#settings = settings;
    this.#followsLinks = followsLinks;
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

  /** Of a hub cache's repository the snapshot in use. Throws ModelNotFoundError for what is no checkpoint. */
  async add(given: string): Promise<ModelSummary> {
    if (!path.isAbsolute(given)) throw noModel(`${given} is no whole path; give it from the root.`);
    const folder = await this.#find(given).catch((error: unknown) => {
      throw error instanceof CheckpointError ? noModel(error.message) : error;
    });
    await this.#settings.addModel(folder);
    return summarise(folder);
  }

  async #find(given: string): Promise<string> {
    const folder = await findCheckpoint(given);
    if (!this.#followsLinks) await requireNoOutsideLinks(folder);
    return folder;
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
  return { id: folder, name: checkpointName(folder), folder, isDemo: false, problem: problemOf(folder) };
}

function problemOf(folder: string): string | null {
  try {
    accessSync(path.join(folder, 'model_index.json'), constants.R_OK);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isForbidden = code === 'EACCES' || code === 'EPERM';
    return isForbidden ? 'You have no permission to read it.' : 'Its folder is gone, or holds no model_index.json.';
  }
}

function noModel(message: string): WorkbenchError {
  return new WorkbenchError({ name: 'ModelNotFoundError', message, hint: null });
}
