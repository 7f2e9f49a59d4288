import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CpuDevice } from '../../../mmdit/device/cpu-device.ts';
import { verifyTransformer } from '../../../mmdit/models/verify.ts';

const FOLDER = 'test/golden/flux-tiny';

let device: CpuDevice;
beforeAll(async () => {
  device = await CpuDevice.open();
});
afterAll(() => device.close());

describe('FLUX against diffusers', () => {
  it('agrees in its output and in every block and attention module', async () => {
    const { tensors } = await verifyTransformer(`${FOLDER}/transformer`, `${FOLDER}/io.safetensors`, device);
    expect(Object.keys(tensors)).toHaveLength(15);
    for (const [name, { relative }] of Object.entries(tensors)) expect(relative, name).toBeLessThan(1e-5);
  });
});
