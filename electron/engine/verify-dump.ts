import { runAbortable } from '../../mmdit/device/run-abortable.ts';
import { type DeviceName, openDevice, type Verification, verifyTransformer } from '../../mmdit/index.ts';

/**
 * Runs the transformer in `folder` on the arguments of a dump made with diffusers and compares what comes out.
 * Throws CheckpointError, or the signal's reason.
 */
export async function verifyDump(
  folder: string,
  dump: string,
  options: { readonly device?: DeviceName | undefined; readonly signal?: AbortSignal } = {},
): Promise<Verification> {
  const device = await openDevice(options.device ?? 'cpu');
  try {
    return await runAbortable(device, options.signal, () => verifyTransformer(folder, dump, device));
  } finally {
    await device.close();
  }
}
