import { runAbortable } from '../../mmdit/device/run-abortable.ts';
import { CpuDevice, type Verification, verifyTransformer } from '../../mmdit/index.ts';

/**
 * Runs the transformer in `folder` on the arguments of a dump made with diffusers and compares what comes out.
 * Throws CheckpointError, or the signal's reason.
 */
export async function verifyDump(folder: string, dump: string, signal?: AbortSignal): Promise<Verification> {
  const device = await CpuDevice.open();
  try {
    return await runAbortable(device, signal, () => verifyTransformer(folder, dump, device));
  } finally {
    await device.close();
  }
}
