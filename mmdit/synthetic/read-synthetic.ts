import { stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readJson } from '../checkpoint/read-json.ts';
import type { Synthetic } from './synthetic-tensors.ts';

/** Its presence says that a checkpoint's weights are to be made, not read. */
export const SYNTHETIC_FILE = 'synthetic.json';

const schema = z.strictObject({ seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER) });

/** Null for an ordinary checkpoint. Throws CheckpointError for a damaged file. */
export async function readSynthetic(folder: string): Promise<Synthetic | null> {
  const file = path.join(folder, SYNTHETIC_FILE);
  return (await stat(file).catch(() => null)) ? readJson(file, schema) : null;
}
