import { stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readJson } from '../checkpoint/read-json.ts';
import type { Sampling } from './pipeline.ts';

const positive = z.number().int().positive();
const schema = z.strictObject({
  steps: positive.optional(),
  guidance: z.number().nonnegative().optional(),
  width: positive.optional(),
  height: positive.optional(),
});

const vaeSchema = z.object({ sample_size: positive.nullish() });

/** `sample_size` of vae/config.json: the side in pixels that the pipeline was made for. Null where it is not told. */
export async function readNativeSize(vaeFolder: string): Promise<number | null> {
  const { sample_size } = await readJson(path.join(vaeFolder, 'config.json'), vaeSchema);
  return sample_size ?? null;
}

/**
 * What a checkpoint says in an optional `defaults.json` ({ steps, guidance, width, height }, each optional) about how it
 * is meant to be sampled, over the family's own defaults. diffusers ignores the file. Throws CheckpointError.
 */
export async function readSamplingDefaults(folder: string, family: Sampling): Promise<Sampling> {
  const file = path.join(folder, 'defaults.json');
  if (!(await stat(file).catch(() => null))) return family;
  const own = await readJson(file, schema);
  return {
    steps: own.steps ?? family.steps,
    guidance: own.guidance ?? family.guidance,
    width: own.width ?? family.width,
    height: own.height ?? family.height,
  };
}
