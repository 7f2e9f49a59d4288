import { type Synthetic, syntheticTensor } from '../synthetic/synthetic-tensors.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { type ComponentConfig, readComponentConfig } from './component-config.ts';
import type { SafetensorsFile } from './safetensors-file.ts';
import type { StoredTensor, TensorSource } from './tensor-source.ts';
import { openWeights } from './weight-files.ts';

/** One component folder of a diffusers checkpoint: `config.json` and its weights, in one file or in shards. */
export class Component implements ComponentConfig {
  readonly folder: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly configFile: string;
  readonly className: string;
  /** Null where weights are read from files. */
  readonly synthetic: Synthetic | null;
  /** The file that holds each tensor. */
  readonly #files: ReadonlyMap<string, SafetensorsFile>;

  private constructor(
    { folder, config, configFile, className }: ComponentConfig,
    files: ReadonlyMap<string, SafetensorsFile>,
    synthetic: Synthetic | null = null,
  ) {
    this.folder = folder;
    this.config = config;
    this.configFile = configFile;
    this.className = className;
    this.#files = files;
    this.synthetic = synthetic;
  }

  /** Reads config and headers. Throws CheckpointError for what is missing or damaged. */
  static async open(folder: string): Promise<Component> {
    return new Component(await readComponentConfig(folder), await openWeights(folder));
  }

  /** A component whose tensors are made when asked for, in whatever shape is asked for. Throws CheckpointError. */
  static async openSynthetic(folder: string, synthetic: Synthetic): Promise<Component> {
    return new Component(await readComponentConfig(folder), new Map(), synthetic);
  }

  get names(): readonly string[] {
    return [...this.#files.keys()];
  }

  /** Of all stored tensors, those that nobody reads included. */
  get byteLength(): number {
    let sum = 0;
    for (const file of new Set(this.#files.values()))
      for (const { begin, end } of file.entries.values()) sum += end - begin;
    return sum;
  }

  has(name: string): boolean {
    return this.#files.has(name);
  }

  /** Where a tensor of any dtype lies. Throws CheckpointError for a missing one. */
  stored(name: string): StoredTensor {
    return this.#fileOf(name).stored(name);
  }

  /** Throws CheckpointError where the tensor is missing, no floats, or of another shape than the config asks for. */
  tensor(name: string, shape?: readonly number[]): TensorSource {
    if (this.synthetic && shape) return syntheticTensor(name, shape, this.synthetic);
    const source = this.#fileOf(name).tensor(name);
    if (
      shape &&
      (shape.length !== source.shape.length || shape.some((length, axis) => length !== source.shape[axis]))
    ) {
      throw new CheckpointError(
        source.file,
        `tensor "${name}" has shape [${source.shape.join(', ')}], its config.json asks for [${shape.join(', ')}]`,
      );
    }
    return source;
  }

  #fileOf(name: string): SafetensorsFile {
    const file = this.#files.get(name);
    if (!file) throw new CheckpointError(this.folder, `has no tensor "${name}", which its config.json asks for`);
    return file;
  }
}
