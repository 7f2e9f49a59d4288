import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { type Synthetic, syntheticTensor } from '../synthetic/synthetic-tensors.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { type ComponentConfig, readComponentConfig } from './component-config.ts';
import { readJson } from './read-json.ts';
import { requireInside } from './require-inside.ts';
import { SafetensorsFile } from './safetensors-file.ts';
import type { TensorSource } from './tensor-source.ts';

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });
const USUAL_NAMES = ['diffusion_pytorch_model', 'model'];

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

  /** Reads config and headers. Throws CheckpointError for what is missing, damaged, or a link out of the folder. */
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

  /** Throws CheckpointError where the tensor is missing, no floats, or of another shape than the config asks for. */
  tensor(name: string, shape?: readonly number[]): TensorSource {
    if (this.synthetic && shape) return syntheticTensor(name, shape, this.synthetic);
    const source = this.#files.get(name)?.tensor(name);
    if (!source) throw new CheckpointError(this.folder, `has no tensor "${name}", which its config.json asks for`);
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
}

async function openWeights(folder: string): Promise<ReadonlyMap<string, SafetensorsFile>> {
  const files = (await readdir(folder)).filter((file) => !file.startsWith('.')).sort();
  const indexFile = chosen(folder, files, '.safetensors.index.json');
  if (indexFile !== null) return openShards(folder, path.join(folder, indexFile));
  const file = chosen(folder, files, '.safetensors');
  if (file === null) {
    throw new CheckpointError(
      folder,
      'holds no .safetensors file; convert the checkpoint to safetensors or download that variant',
    );
  }
  const opened = await openInside(folder, file);
  return new Map(opened.names.map((name) => [name, opened]));
}

/** The file that diffusers or transformers would load; the only one where it has another name. */
function chosen(folder: string, files: readonly string[], suffix: string): string | null {
  const candidates = files.filter((file) => file.endsWith(suffix));
  const usual = candidates.find((file) => USUAL_NAMES.includes(file.slice(0, -suffix.length)));
  if (usual !== undefined || candidates.length <= 1) return usual ?? candidates[0] ?? null;
  throw new CheckpointError(
    folder,
    `holds several weights (${candidates.join(', ')}) and none of the usual name (${USUAL_NAMES.map((name) => name + suffix).join(' or ')}); keep one`,
  );
}

async function openShards(folder: string, indexFile: string): Promise<ReadonlyMap<string, SafetensorsFile>> {
  const { weight_map } = await readJson(indexFile, indexSchema);
  const promised = new Map(Object.entries(weight_map));
  const files = new Map<string, SafetensorsFile>();
  for (const shard of [...new Set(promised.values())].sort()) {
    const opened = await openInside(folder, shard);
    for (const name of opened.names) {
      if (promised.get(name) !== shard)
        throw new CheckpointError(
          opened.file,
          `holds tensor "${name}", which ${path.basename(indexFile)} does not place there`,
        );
      files.set(name, opened);
    }
  }
  for (const [name, shard] of promised) {
    if (!files.has(name))
      throw new CheckpointError(
        path.join(folder, shard),
        `lacks tensor "${name}", which ${path.basename(indexFile)} promises`,
      );
  }
  return files;
}

async function openInside(folder: string, name: string): Promise<SafetensorsFile> {
  if (name !== path.basename(name) || name === '..')
    throw new CheckpointError(folder, `names a shard outside itself: "${name}"`);
  const file = path.join(folder, name);
  await requireInside(folder, file);
  return SafetensorsFile.open(file);
}
