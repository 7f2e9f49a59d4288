import type { DeviceInfo } from '../../mmdit/device/device.ts';
import { CpuDevice } from '../../mmdit/index.ts';

/** Every device of this machine that a model can run on, the preferred one first. */
export async function listDevices(): Promise<readonly DeviceInfo[]> {
  const device = await CpuDevice.open();
  try {
    return [device.info];
  } finally {
    await device.close();
  }
}
