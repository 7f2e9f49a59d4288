import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DeviceName, openDevice, openPipeline, type Pipeline, type PipelineOptions } from '../../mmdit/index.ts';
import { fileOnDisk } from './file-on-disk.ts';

/** The checkpoint that ships with Arrowhead. */
export const DEMO_CHECKPOINT = fileOnDisk(fileURLToPath(new URL('../../demo/checkpoint', import.meta.url)));

/** Which model to open, and how. */
export interface ModelWish extends Pick<PipelineOptions, 'onnx' | 'vae'> {
  /** Checkpoint folder; the demo's where absent. */
  readonly model?: string | undefined;
  /** The machine's best where absent. */
  readonly device?: DeviceName | undefined;
}

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

/** Throws ModelNotFoundError for a folder that holds no model_index.json. */
export function requireCheckpointFolder(folder: string): void {
  if (!existsSync(path.join(folder, 'model_index.json'))) throw new ModelNotFoundError(folder);
}

/** Opens a checkpoint on a device, hands it to `use` and closes both afterwards, whatever happens. */
export async function withModel<T>(wish: ModelWish, use: (pipeline: Pipeline) => Promise<T>): Promise<T> {
  const checkpoint = wish.model ?? DEMO_CHECKPOINT;
  requireCheckpointFolder(checkpoint);
  const device = await openDevice(wish.device);
  try {
    const pipeline = await openPipeline(checkpoint, device, { onnx: wish.onnx, vae: wish.vae });
    try {
      return await use(pipeline);
    } finally {
      await pipeline.close();
    }
  } finally {
    await device.close();
  }
}
