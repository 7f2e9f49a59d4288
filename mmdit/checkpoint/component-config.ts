import path from 'node:path';
import { z } from 'zod';
import { readJson } from './read-json.ts';

/** A component folder's config.json, as it stands: each model validates the fields that it reads. */
export interface ComponentConfig {
  readonly folder: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly configFile: string;
  /** The class that diffusers or transformers would build: `_class_name` or the first of `architectures`. */
  readonly className: string;
}

/** Throws CheckpointError where the file is missing or no JSON object. */
export async function readComponentConfig(folder: string): Promise<ComponentConfig> {
  const configFile = path.join(folder, 'config.json');
  const config = await readJson(configFile, z.record(z.string(), z.unknown()));
  const { architectures } = config;
  const name = config._class_name ?? (Array.isArray(architectures) ? architectures[0] : undefined);
  return { folder, config, configFile, className: typeof name === 'string' ? name : 'unknown class' };
}
