import { runAbortable } from '../../mmdit/device/run-abortable.ts';
import {
  type Device,
  type DeviceName,
  openDevice,
  type Verification,
  verifyPipeline,
  verifyTransformer,
} from '../../mmdit/index.ts';
import { describeProgress } from './generate-picture.ts';
import type { RunOptions } from './run-options.ts';

export interface VerifyWish {
  /** A transformer folder; a whole checkpoint where `pipeline` is set. */
  readonly folder: string;
  /** Made with diffusers: of a forward pass, or of a pipeline's call. */
  readonly dump: string;
  readonly pipeline?: boolean | undefined;
  readonly device?: DeviceName | undefined;
}

/**
 * Computes what a dump made with diffusers recorded, and compares. Throws CheckpointError, SamplingError, or the signal's
 * reason.
 */
export async function verifyDump(wish: VerifyWish, { signal, onProgress }: RunOptions = {}): Promise<Verification> {
  const { folder, dump, pipeline = false } = wish;
  const device: Device = await openDevice(wish.device ?? 'cpu');
  try {
    if (!pipeline) return await runAbortable(device, signal, () => verifyTransformer(folder, dump, device));
    return await verifyPipeline(folder, dump, device, {
      signal,
      onProgress: (progress) => onProgress?.(describeProgress(progress)),
    });
  } finally {
    await device.close();
  }
}
