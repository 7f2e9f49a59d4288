import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DeviceName, openDevice, openPipeline, type Pipeline } from '../../mmdit/index.ts';

/** The checkpoint that ships with Arrowhead. */
export const DEMO_CHECKPOINT = fileURLToPath(new URL('../../demo/checkpoint', import.meta.url));

/** A model that was not found: says where it was looked for and what a model is. */
export class ModelNotFoundError extends Error {
  override readonly name = 'ModelNotFoundError';

  constructor(folder: string) {
    super(
      `${folder} is no checkpoint: model_index.json is not in it. Give a folder in the diffusers layout ` +
        '(model_index.json, transformer/, text_encoder/, vae/ …)',
    );
  }
}

/**
 * Opens a checkpoint (the demo's where none is named) on a device (the machine's best where none is named), hands it to `use` and closes both
 * afterwards, whatever happens.
 */
export async function withModel<T>(
  folder: string | undefined,
  name: DeviceName | undefined,
  use: (pipeline: Pipeline) => Promise<T>,
): Promise<T> {
  const checkpoint = folder ?? DEMO_CHECKPOINT;
  if (!existsSync(path.join(checkpoint, 'model_index.json'))) throw new ModelNotFoundError(checkpoint);
  const device = await openDevice(name);
  try {
    const pipeline = await openPipeline(checkpoint, device);
    try {
      return await use(pipeline);
    } finally {
      await pipeline.close();
    }
  } finally {
    await device.close();
  }
}
