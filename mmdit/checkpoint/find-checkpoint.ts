import { stat } from 'node:fs/promises';
import path from 'node:path';
import { CheckpointError } from './checkpoint-error.ts';
import { hubSnapshots, repositoryName } from './hub-cache.ts';
import { fileExists, listFolder, readMistake } from './regular-file.ts';
import { SafetensorsFile } from './safetensors-file.ts';
import { describeLayout } from './single-file-layout.ts';
import { unreadable } from './unreadable.ts';

const INDEX = 'model_index.json';
const GIVE =
  'give the folder of a whole pipeline in the diffusers layout: model_index.json, transformer/, text_encoder/, vae/ …';
const MANY = 5;

/**
 * The pipeline folder that is meant: the folder itself, or the current snapshot of a hub cache's repository. Throws
 * CheckpointError that says what was given instead, and what to give.
 */
export async function findCheckpoint(given: string): Promise<string> {
  const folder = path.resolve(given);
  const info = await stat(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') return unreadable(folder)(cause);
    throw new CheckpointError(folder, `does not exist; ${GIVE}`, { cause });
  });
  if (!info.isDirectory()) throw new CheckpointError(folder, `is a file${await describeFile(folder)}; ${GIVE}`);
  if (await fileExists(path.join(folder, INDEX))) return folder;
  const snapshots = await hubSnapshots(folder);
  if (snapshots.length === 1 && (await fileExists(path.join(snapshots[0]!, INDEX)))) return snapshots[0]!;
  throw new CheckpointError(folder, `holds no ${INDEX}${await describeFolder(folder, snapshots)}`);
}

/** Begins with what joins it to "is a file". */
async function describeFile(file: string): Promise<string> {
  if (path.basename(file) === INDEX) return ` of the pipeline in ${path.dirname(file)}`;
  const mistake = await readMistake(file);
  if (mistake !== null) return `: it ${mistake}`;
  const layout = await layoutOf(file);
  return layout === null ? '' : `: it is ${layout}`;
}

async function describeFolder(folder: string, snapshots: readonly string[]): Promise<string> {
  if (snapshots.length > 1) return `; it holds several snapshots, so give one of them: ${listed(snapshots)}`;
  if (snapshots[0]) return `, and neither does its only snapshot ${snapshots[0]}; download the whole pipeline`;
  const names = await listFolder(folder);
  const above = path.dirname(folder);
  if (names.includes('config.json') && (await fileExists(path.join(above, INDEX))))
    return `: it is one part of the pipeline in ${above}; give that folder`;
  const repositories = names.filter((name) => repositoryName(name) !== null);
  if (repositories.length > 0)
    return `: it is a hub cache; give a model's folder in it: ${listed(repositories.map((name) => path.join(folder, name)))}`;
  const inner: string[] = [];
  for (const name of names) if (await fileExists(path.join(folder, name, INDEX))) inner.push(path.join(folder, name));
  if (inner.length > 0) return `; it lies deeper, so give ${inner.length > 1 ? 'one of ' : ''}${listed(inner)}`;
  const weights = names.find((name) => /\.(safetensors|gguf|ckpt|pt|pth|bin)$/.test(name));
  const what = weights === undefined ? '' : `, only ${weights}${await describeWeights(path.join(folder, weights))}`;
  return `${what}; ${GIVE}`;
}

async function describeWeights(file: string): Promise<string> {
  const mistake = await readMistake(file);
  if (mistake !== null) return `, which ${mistake}`;
  const layout = await layoutOf(file);
  return layout === null ? '' : `, which is ${layout}`;
}

async function layoutOf(file: string): Promise<string | null> {
  const opened = await SafetensorsFile.open(file).catch((error: unknown) => {
    if (error instanceof CheckpointError) return null;
    throw error;
  });
  return opened && describeLayout(opened.names);
}

function listed(paths: readonly string[]): string {
  const more = paths.length - MANY;
  return `${paths.slice(0, MANY).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
