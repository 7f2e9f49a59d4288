import { type DeviceName, openDevice, openPipeline, type Pipeline } from '../../../mmdit/index.ts';
import { loadingProgress } from '../../engine/loading-progress.ts';
import { DEMO_CHECKPOINT } from '../../engine/open-model.ts';
import type { OnProgress } from '../../engine/progress.ts';

export interface OpenOptions {
  readonly signal: AbortSignal;
  /** Of loading. */
  readonly onProgress?: OnProgress | undefined;
}

export interface OpenedPipeline {
  readonly pipeline: Pipeline;
  /** Closes the pipeline and its device. */
  close(): Promise<void>;
}

export type OpenPipeline = (folder: string, device: DeviceName, options: OpenOptions) => Promise<OpenedPipeline>;

interface OpenModel extends OpenedPipeline {
  readonly folder: string;
  users: number;
}

/**
 * Keeps the last model open, for the next job. Another one takes its place as soon as nobody uses it; while a job does,
 * the other is opened beside it and closed again after use.
 */
export class OpenModels {
  readonly #open: OpenPipeline;
  #kept: OpenModel | null = null;
  #device: DeviceName;
  /** Fires when another device is chosen. */
  #deviceChange = new AbortController();
  /** Openings go one after another: two at once would not know of each other. */
  #opening: Promise<unknown> = Promise.resolve();

  constructor(device: DeviceName, open: OpenPipeline = openOn) {
    this.#device = device;
    this.#open = open;
  }

  /**
   * For models opened from now on, and for one that is being opened: that begins anew. A model in use stays where it is
   * and is closed when its last user is done.
   */
  async useDevice(device: DeviceName): Promise<void> {
    if (device === this.#device) return;
    this.#device = device;
    this.#deviceChange.abort();
    this.#deviceChange = new AbortController();
    const kept = this.#kept;
    this.#kept = null;
    if (kept?.users === 0) await kept.close();
  }

  /**
   * `folder` null: the demo. Throws CheckpointError, DeviceMemoryError, or the signal's reason where
   * it fires before the model is open.
   */
  async use<T>(
    folder: string | null,
    work: (pipeline: Pipeline) => Promise<T> | T,
    { signal = new AbortController().signal, onProgress }: Partial<OpenOptions> = {},
  ): Promise<T> {
    signal.throwIfAborted();
    const opening = this.#opening.then(() => this.#acquire(folder ?? DEMO_CHECKPOINT, { signal, onProgress }));
    this.#opening = opening.catch(() => {});
    const model = await unlessAborted(opening, signal, (late) => this.#release(late));
    try {
      return await work(model.pipeline);
    } finally {
      await this.#release(model);
    }
  }

  async #release(model: OpenModel): Promise<void> {
    model.users -= 1;
    if (model.users === 0 && model !== this.#kept) await model.close();
  }

  async #acquire(folder: string, options: OpenOptions): Promise<OpenModel> {
    while (true) {
      options.signal.throwIfAborted();
      const kept = this.#kept;
      if (kept?.folder === folder) {
        kept.users += 1;
        return kept;
      }
      if (kept?.users === 0) {
        this.#kept = null;
        await kept.close();
      }
      const change = this.#deviceChange.signal;
      const opened = await this.#openUnless(change, folder, options);
      if (opened === null) continue;
      const model = { folder, ...opened, users: 1 };
      this.#kept ??= model;
      return model;
    }
  }

  /** null where another device was chosen before the model was open. */
  async #openUnless(
    change: AbortSignal,
    folder: string,
    { signal, onProgress }: OpenOptions,
  ): Promise<OpenedPipeline | null> {
    let opened: OpenedPipeline;
    try {
      opened = await this.#open(folder, this.#device, { signal: AbortSignal.any([signal, change]), onProgress });
    } catch (error) {
      if (change.aborted && !signal.aborted) return null;
      throw error;
    }
    if (!change.aborted && !signal.aborted) return opened;
    await opened.close();
    signal.throwIfAborted();
    return null;
  }
}

/** Rejects at once when the signal fires; a result that comes later is given back. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, giveBack: (late: T) => Promise<void>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => {
      void work.then(giveBack).catch(() => {});
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    work.finally(() => signal.removeEventListener('abort', onAbort)).then(resolve, reject);
  });
}

async function openOn(folder: string, name: DeviceName, { signal, onProgress }: OpenOptions): Promise<OpenedPipeline> {
  const started = performance.now();
  const onLoading = loadingProgress(onProgress);
  const device = await openDevice(name === 'auto' ? undefined : name);
  try {
    const pipeline = await openPipeline(folder, device, { signal, onLoading });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    // For the log.
    process.stdout.write(`opened a model of ${pipeline.identity.family} on ${device.info.name} in ${seconds} s\n`);
    const close = async () => {
      await pipeline.close();
      await device.close();
    };
    return { pipeline, close };
  } catch (error) {
    await device.close();
    throw error;
  }
}
