import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Device, type DeviceName, openDevice, openPipeline, type Pipeline } from '../../../mmdit/index.ts';
import { DEMO_CHECKPOINT, ModelNotFoundError } from '../../engine/open-model.ts';

interface OpenModel {
  readonly folder: string;
  readonly device: Device;
  readonly pipeline: Pipeline;
  users: number;
}

/**
 * Keeps the last model open, for the next job. Another one takes its place as soon as nobody uses it; while a job does,
 * the other is opened beside it and closed again after use.
 */
export class OpenModels {
  #kept: OpenModel | null = null;
  #device: DeviceName;
  /** Openings go one after another: two at once would not know of each other. */
  #opening: Promise<unknown> = Promise.resolve();

  constructor(device: DeviceName) {
    this.#device = device;
  }

  /** For models opened from now on. The kept one is closed, at once or when its last user is done. */
  async useDevice(device: DeviceName): Promise<void> {
    if (device === this.#device) return;
    this.#device = device;
    const kept = this.#kept;
    this.#kept = null;
    if (kept?.users === 0) await close(kept);
  }

  /** `folder` null: the demo. Throws ModelNotFoundError, CheckpointError, DeviceMemoryError. */
  async use<T>(folder: string | null, work: (pipeline: Pipeline) => Promise<T> | T): Promise<T> {
    const opening = this.#opening.then(() => this.#acquire(folder ?? DEMO_CHECKPOINT));
    this.#opening = opening.catch(() => {});
    const model = await opening;
    try {
      return await work(model.pipeline);
    } finally {
      model.users -= 1;
      if (model.users === 0 && model !== this.#kept) await close(model);
    }
  }

  async #acquire(folder: string): Promise<OpenModel> {
    const kept = this.#kept;
    if (kept?.folder === folder) {
      kept.users += 1;
      return kept;
    }
    if (kept?.users === 0) {
      this.#kept = null;
      await close(kept);
    }
    const model = await open(folder, this.#device);
    model.users += 1;
    this.#kept ??= model;
    return model;
  }
}

async function open(folder: string, name: DeviceName): Promise<OpenModel> {
  if (!existsSync(path.join(folder, 'model_index.json'))) throw new ModelNotFoundError(folder);
  const device = await openDevice(name === 'auto' ? undefined : name);
  try {
    return { folder, device, pipeline: await openPipeline(folder, device), users: 0 };
  } catch (error) {
    await device.close();
    throw error;
  }
}

async function close({ pipeline, device }: OpenModel): Promise<void> {
  await pipeline.close();
  await device.close();
}
