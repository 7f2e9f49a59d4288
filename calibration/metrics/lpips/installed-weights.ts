import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
import { openTensorFile } from '../../../mmdit/checkpoint/open-tensor-file.ts';
import { SafetensorsFile } from '../../../mmdit/checkpoint/safetensors-file.ts';
import { writeSafetensors } from '../../../mmdit/checkpoint/safetensors-writer.ts';
import { inArrowheadHome } from '../../../mmdit/files/arrowhead-home.ts';
import { sha256OfFile } from '../../../mmdit/files/sha256-of-file.ts';
import { FileWriteError } from '../../../mmdit/files/write-whole-file.ts';
import { Lpips } from './lpips.ts';
import type { LpipsNetwork } from './networks.ts';
import { PUBLISHED_WEIGHTS, SUPERSEDED_HEADS } from './published-weights.ts';
import { readLpipsWeights } from './read-weights.ts';

/** A file that weights were taken from. */
export interface WeightsOrigin {
  /** Without its folder. */
  readonly name: string;
  readonly sha256: string;
}

export interface InstalledWeights {
  readonly file: string;
  /** Empty for a file that was put there by hand. */
  readonly origins: readonly WeightsOrigin[];
  /** Whether it was made of the files that the network's authors publish, and of no others. */
  readonly published: boolean;
}

const originsSchema = z.array(z.object({ name: z.string(), sha256: z.string() }));

/** Where weights are kept: `$ARROWHEAD_HOME/weights`, else `~/.arrowhead/weights`. */
export function weightsFolder(): string {
  return inArrowheadHome('weights');
}

export function weightsFile(network: LpipsNetwork): string {
  return path.join(weightsFolder(), `lpips-${network}.safetensors`);
}

/** Makes the folder of weights, or what lies in it. Throws FileWriteError. */
export async function makeWeightsFolder(folder = weightsFolder()): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new FileWriteError(folder, cause);
  });
}

/**
 * Checks its authors' files (or one that holds everything) and keeps what LPIPS needs of them as one safetensors file.
 * Throws CheckpointError for what is not that network's weights, FileWriteError.
 */
export async function addWeights(network: LpipsNetwork, files: readonly string[]): Promise<InstalledWeights> {
  const opened = await Promise.all(files.map(openTensorFile));
  const origins: WeightsOrigin[] = [];
  for (const file of files) origins.push({ name: path.basename(file), sha256: await sha256OfFile(file) });
  const old = origins.findIndex(({ sha256 }) => SUPERSEDED_HEADS.has(sha256));
  if (old >= 0) {
    throw new CheckpointError(files[old]!, 'has the linear heads of v0.0, for inputs that were not scaled; take v0.1');
  }
  const tensors = await readLpipsWeights(network, opened);
  const target = weightsFile(network);
  await makeWeightsFolder();
  await writeSafetensors(target, tensors, { lpips: '0.1', network, origins: JSON.stringify(origins) });
  return { file: target, origins, published: arePublished(network, origins) };
}

/** null where they are not there. Throws CheckpointError for a damaged file. */
export async function installedWeights(network: LpipsNetwork): Promise<InstalledWeights | null> {
  const file = weightsFile(network);
  if ((await stat(file).catch(() => null)) === null) return null;
  const { metadata } = await SafetensorsFile.open(file, 'add the weights again');
  const origins = parseOrigins(metadata.origins ?? '[]');
  return { file, origins, published: arePublished(network, origins) };
}

const opened = new Map<LpipsNetwork, { readonly key: string; readonly network: Promise<Lpips> }>();

/** Opened once, and again when the file has changed; null where there is none. Throws CheckpointError. */
export async function installedLpips(network: LpipsNetwork): Promise<Lpips | null> {
  const file = weightsFile(network);
  const info = await stat(file).catch(() => null);
  if (info === null) return null;
  const key = `${file} ${info.mtimeMs} ${info.size}`;
  const known = opened.get(network);
  if (known?.key === key) return known.network;
  void known?.network.then((before) => before.close()).catch(() => {});
  const fresh = { key, network: Lpips.open(network, file) };
  opened.set(network, fresh);
  return fresh.network;
}

function arePublished(network: LpipsNetwork, origins: readonly WeightsOrigin[]): boolean {
  const known = PUBLISHED_WEIGHTS[network].map(({ sha256 }) => sha256);
  return known.every((sha256) => origins.some((origin) => origin.sha256 === sha256)) && origins.length === known.length;
}

function parseOrigins(json: string): readonly WeightsOrigin[] {
  try {
    return originsSchema.parse(JSON.parse(json));
  } catch {
    return [];
  }
}
