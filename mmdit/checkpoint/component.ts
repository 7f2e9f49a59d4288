import { readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { CheckpointError } from './checkpoint-error.ts';
import { readJson } from './read-json.ts';
import { SafetensorsFile } from './safetensors-file.ts';
import type { TensorSource } from './tensor-source.ts';

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/** One component folder of a diffusers checkpoint: `config.json` and its weights, in one file or in shards. */
export class Component {
  readonly folder: string;
  /** config.json as it stands; each model validates the fields it reads. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly configFile: string;
  readonly #tensors: ReadonlyMap<string, TensorSource>;

  private constructor(
    folder: string,
    config: Readonly<Record<string, unknown>>,
    tensors: ReadonlyMap<string, TensorSource>,
  ) {
    this.folder = folder;
    this.config = config;
    this.configFile = path.join(folder, 'config.json');
    this.#tensors = tensors;
  }

  static async open(folder: string): Promise<Component> {
    const config = await readJson(path.join(folder, 'config.json'), z.record(z.string(), z.unknown()));
    return new Component(folder, config, await openWeights(folder));
  }

  /** The class that diffusers or transformers would build: `_class_name` or the first of `architectures`. */
  get className(): string {
    const architectures = this.config.architectures;
    const name = this.config._class_name ?? (Array.isArray(architectures) ? architectures[0] : undefined);
    return typeof name === 'string' ? name : 'unknown class';
  }

  get names(): readonly string[] {
    return [...this.#tensors.keys()];
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  /** Throws CheckpointError where the tensor is missing or has another shape than the config asks for. */
  tensor(name: string, shape?: readonly number[]): TensorSource {
    const source = this.#tensors.get(name);
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

async function openWeights(folder: string): Promise<ReadonlyMap<string, TensorSource>> {
  const files = (await readdir(folder)).sort();
  const indexFile = files.find((file) => file.endsWith('.safetensors.index.json'));
  const weightMap = indexFile ? (await readJson(path.join(folder, indexFile), indexSchema)).weight_map : null;
  const shards = weightMap
    ? [...new Set(Object.values(weightMap))].sort()
    : files.filter((file) => file.endsWith('.safetensors')).slice(0, 1);
  if (shards.length === 0) {
    throw new CheckpointError(
      folder,
      'holds no .safetensors file; convert the checkpoint to safetensors or download that variant',
    );
  }
  const tensors = new Map<string, TensorSource>();
  for (const shard of shards) {
    const opened = await SafetensorsFile.open(await insideFolder(folder, shard));
    for (const name of opened.names) {
      if (weightMap && weightMap[name] !== shard) continue;
      if (tensors.has(name)) throw new CheckpointError(opened.file, `tensor "${name}" stands in two shards`);
      tensors.set(name, opened.tensor(name));
    }
  }
  for (const [name, shard] of Object.entries(weightMap ?? {})) {
    if (!tensors.has(name))
      throw new CheckpointError(path.join(folder, shard), `lacks tensor "${name}", which the index promises`);
  }
  return tensors;
}

/** Refuses names that lead out of the checkpoint, by `..` or by a link, hub caches' blobs folder excepted. */
async function insideFolder(folder: string, name: string): Promise<string> {
  const file = path.join(folder, name);
  if (path.dirname(file) !== path.normalize(folder) || name !== path.basename(name)) {
    throw new CheckpointError(folder, `names a shard outside itself: "${name}"`);
  }
  const real = await realpath(file).catch((cause: unknown) => {
    throw new CheckpointError(file, 'is missing', { cause });
  });
  const home = await realpath(folder);
  const isHubBlob = path.basename(path.dirname(real)) === 'blobs';
  if (path.dirname(real) !== home && !isHubBlob)
    throw new CheckpointError(file, 'is a link to a file outside the checkpoint');
  return file;
}
