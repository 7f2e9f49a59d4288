import { type DeviceName, parseDeviceName } from '../../../mmdit/index.ts';
import type {
  CheckpointReport,
  DeviceReport,
  ModelInfo,
  PromptNotices,
  Sampling,
  SamplingDescription,
} from '../../contract.ts';
import { besideModule } from '../workers/beside-module.ts';
import { WorkerLink } from '../workers/worker-link.ts';
import { workerThread } from '../workers/worker-thread.ts';
import type { DescribeCalls } from './describe-calls.ts';
import type { ModelList } from './model-list.ts';

export interface DeviceSource {
  /** As settings hold it. */
  readonly name: () => DeviceName;
  /** Of this machine, the preferred one first. */
  readonly list: () => Promise<DeviceReport['devices']>;
}

/** Answers what can be said of models without opening them, from a thread of its own. */
export class ModelDescriptions {
  readonly #link = new WorkerLink<DescribeCalls>(
    workerThread(besideModule('describe-worker', import.meta.url)),
    'checkpoint reader',
  );
  readonly #models: ModelList;
  readonly #devices: DeviceSource;

  constructor(models: ModelList, devices: DeviceSource) {
    this.#models = models;
    this.#devices = devices;
    this.#link.call('warmUp', null).catch(() => {});
  }

  /** Throws NotFoundError for a model that is not in the list; this and all others a WorkbenchError for what is wrong with it. */
  async info(model: string | null): Promise<ModelInfo> {
    const summary = this.#models.summary(model);
    return { ...summary, ...(await this.#link.call('modelInfo', this.#place(model))) };
  }

  async inspect(model: string | null): Promise<CheckpointReport> {
    return this.#link.call('inspect', this.#place(model));
  }

  async sampling(model: string | null, sampling: Sampling): Promise<SamplingDescription> {
    const place = this.#place(model);
    return this.#link.call('describeSampling', { ...place, sampling, device: await this.#deviceKind() });
  }

  async prompt(model: string | null, prompt: string): Promise<PromptNotices> {
    return this.#link.call('inspectPrompt', { ...this.#place(model), prompt });
  }

  /** null where the model is another than the one of this fingerprint. */
  async linearFlops(model: string | null, fingerprint: string, sampling: Sampling): Promise<number | null> {
    return this.#link.call('linearFlops', { ...this.#place(model), fingerprint, sampling });
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #place(model: string | null) {
    return { folder: this.#models.folder(model) };
  }

  /** Of the device that the next model is opened on. */
  async #deviceKind(): Promise<'cpu' | 'cuda'> {
    const name = this.#devices.name();
    const chosen = name === 'auto' ? (process.env.ARROWHEAD_DEVICE ?? name) : name;
    const { kind } = parseDeviceName(chosen);
    return kind === 'auto' ? ((await this.#devices.list())[0]?.kind ?? 'cpu') : kind;
  }
}
