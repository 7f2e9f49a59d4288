import { fileURLToPath } from 'node:url';
import {
  type DeviceName,
  findCheckpoint,
  openDevice,
  openPipeline,
  type Pipeline,
  type PipelineOptions,
} from '../../mmdit/index.ts';
import { fileOnDisk } from './file-on-disk.ts';
import { loadingProgress } from './loading-progress.ts';
import type { RunOptions } from './run-options.ts';

/** The checkpoint that ships with Arrowhead. */
export const DEMO_CHECKPOINT = fileOnDisk(fileURLToPath(new URL('../../demo/checkpoint', import.meta.url)));

/** Which model to open, and how. */
export interface ModelWish extends Pick<PipelineOptions, 'onnx' | 'vae'> {
  /** Checkpoint folder; the demo's where absent. */
  readonly model?: string | undefined;
  /** The machine's best where absent. */
  readonly device?: DeviceName | undefined;
}

/**
 * Opens a checkpoint on a device, hands it to `use` and closes both afterwards, whatever happens. Throws
 * CheckpointError, DeviceMemoryError, or the signal's reason.
 */
export async function withModel<T>(
  wish: ModelWish,
  { signal, onProgress }: RunOptions,
  use: (pipeline: Pipeline) => Promise<T>,
): Promise<T> {
  const checkpoint = await findCheckpoint(wish.model ?? DEMO_CHECKPOINT);
  signal?.throwIfAborted();
  const onLoading = loadingProgress(onProgress);
  const device = await openDevice(wish.device);
  try {
    const pipeline = await openPipeline(checkpoint, device, { onnx: wish.onnx, vae: wish.vae, signal, onLoading });
    try {
      return await use(pipeline);
    } finally {
      await pipeline.close();
    }
  } finally {
    await device.close();
  }
}
