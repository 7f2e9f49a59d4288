import path from 'node:path';
import { z } from 'zod';
import { CheckpointError } from './checkpoint-error.ts';
import { readJson } from './read-json.ts';
import { fileExists, listFolder } from './regular-file.ts';
import { SafetensorsFile } from './safetensors-file.ts';

const USUAL_NAMES = ['diffusion_pytorch_model', 'model'];

// `model`, `fp16` in model.fp16.safetensors, as `save_pretrained(variant="fp16")` of diffusers and transformers name files.
const INDEX = /^(?<base>.+)\.safetensors\.index(?:\.(?<variant>[^.]+))?\.json$/;
const SHARD =
  /^(?<base>.+?)(?:\.(?<variant>[^.]+))?-(?<number>\d{5})-of-(?<count>\d{5})(?:\.(?<lateVariant>[^.]+))?\.safetensors$/;
const SINGLE = /^(?<base>.+?)(?:\.(?<variant>[^.]+))?\.safetensors$/;
const OTHER_FORMATS = /\.(bin|pt|pth|ckpt|msgpack|h5|gguf|onnx)$/;

/** One of the ways in which a folder holds the weights: a file, shards with an index, or shards that lack theirs. */
interface WeightSet {
  readonly kind: 'index' | 'single' | 'shards';
  readonly base: string;
  readonly variant: string | undefined;
  /** The index or the file; of shards without an index all. */
  readonly files: readonly string[];
}

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/** Opens the weights that diffusers or transformers would load: tensor name → its file. Throws CheckpointError. */
export async function openWeights(folder: string): Promise<ReadonlyMap<string, SafetensorsFile>> {
  const { kind, base, variant, files } = await chooseWeights(folder);
  if (kind === 'index') return openShards(folder, files[0]!);
  if (kind === 'shards') {
    const index = `${base}.safetensors.index.${variant === undefined ? '' : `${variant}.`}json`;
    throw new CheckpointError(
      folder,
      `holds shards (${files.join(', ')}) without their index; download ${index} from the same place into this folder`,
    );
  }
  const file = await SafetensorsFile.open(path.join(folder, files[0]!));
  return new Map(file.names.map((name) => [name, file]));
}

async function chooseWeights(folder: string): Promise<WeightSet> {
  const files = await listFolder(folder);
  const sets = weightSets(files);
  const usual = sets.filter(({ base, variant }) => variant === undefined && USUAL_NAMES.includes(base));
  const [first, ...others] = usual.length > 0 ? usual : sets;
  if (first && (usual.length > 0 || others.length === 0)) return first;
  if (first) {
    throw new CheckpointError(
      folder,
      `holds several weights (${sets.map(({ files }) => files[0]).join(', ')}) and none of the usual name (${USUAL_NAMES.map((name) => `${name}.safetensors`).join(' or ')}); move all but one of them, an index with its shards, out of the folder`,
    );
  }
  const other = files.filter((file) => OTHER_FORMATS.test(file));
  throw new CheckpointError(
    folder,
    `holds no .safetensors file${other.length > 0 ? `, but ${other.join(', ')}` : ''}; convert the checkpoint to safetensors or download that variant`,
  );
}

/** Those with an index first. */
function weightSets(files: readonly string[]): readonly WeightSet[] {
  const indexes: WeightSet[] = [];
  const singles: WeightSet[] = [];
  const shards = new Map<string, string[]>();
  for (const file of files) {
    const index = INDEX.exec(file)?.groups;
    if (index) indexes.push({ kind: 'index', base: index.base!, variant: index.variant, files: [file] });
    const shard = SHARD.exec(file)?.groups;
    if (shard) {
      const key = JSON.stringify([shard.base, shard.variant ?? shard.lateVariant ?? null]);
      shards.set(key, [...(shards.get(key) ?? []), file]);
      continue;
    }
    const single = SINGLE.exec(file)?.groups;
    if (single) singles.push({ kind: 'single', base: single.base!, variant: single.variant, files: [file] });
  }
  const orphans = [...shards].flatMap(([key, files]): WeightSet[] => {
    const [base, variant] = JSON.parse(key) as [string, string | null];
    const hasIndex = indexes.some((index) => index.base === base && (index.variant ?? null) === variant);
    return hasIndex ? [] : [{ kind: 'shards', base, variant: variant ?? undefined, files }];
  });
  return [...indexes, ...singles, ...orphans];
}

/**
 * As diffusers loads them: all that the shards hold, listed or not (tied tensors are not). What the index does not say
 * must still have one meaning.
 */
async function openShards(folder: string, index: string): Promise<ReadonlyMap<string, SafetensorsFile>> {
  const { weight_map } = await readJson(path.join(folder, index), indexSchema);
  const listed = new Map(Object.entries(weight_map));
  const shards = [...new Set(listed.values())].sort();
  const files = new Map<string, SafetensorsFile>();
  for (const shard of shards) {
    const opened = await openShard(folder, shard, index, shards.length);
    for (const name of opened.names) {
      const isElsewhere = (listed.get(name) ?? shard) !== shard || files.has(name);
      if (isElsewhere) {
        const place = listed.get(name) ?? path.basename(files.get(name)!.file);
        throw new CheckpointError(opened.file, `holds tensor "${name}", which ${index} places in ${place}`);
      }
      files.set(name, opened);
    }
  }
  for (const [name, shard] of listed) {
    if (!files.has(name))
      throw new CheckpointError(path.join(folder, shard), `lacks tensor "${name}", which ${index} promises`);
  }
  return files;
}

async function openShard(folder: string, shard: string, index: string, count: number): Promise<SafetensorsFile> {
  if (shard !== path.basename(shard) || shard === '..')
    throw new CheckpointError(folder, `names a shard outside itself: "${shard}"`);
  const file = path.join(folder, shard);
  if (!shard.includes('\0') && !(await fileExists(file)))
    throw new CheckpointError(file, `is missing, one of ${count} shards that ${index} lists; download it`);
  return SafetensorsFile.open(file);
}
