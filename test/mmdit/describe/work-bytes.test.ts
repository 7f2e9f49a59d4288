import { expect, it } from 'vitest';
import type { Device } from '../../../mmdit/device/device.ts';
import { describeCheckpoint } from '../../../mmdit/describe/describe-checkpoint.ts';
import { WorkMemoryError } from '../../../mmdit/device/device-memory-error.ts';
import { requireWorkMemory } from '../../../mmdit/describe/work-bytes.ts';

const GIB = 2 ** 30;

function deviceWith(kind: 'cpu' | 'cuda', freeBytes: number): Device {
  const info = { kind, name: 'card', computeDtype: 'bf16', memoryBytes: freeBytes };
  return { info, freeBytes } as unknown as Device;
}

/** FLUX at 2048². */
const work = { what: '1 picture of 2048×2048', batch: 1, tokens: 16_896, channels: 3072, kept: 57 };

it('lets work begin that fits', () => {
  expect(() => requireWorkMemory(deviceWith('cuda', 7 * GIB), work)).not.toThrow();
});

it('refuses what does not fit before it begins: what, how much, how much is free, what to do', () => {
  const check = () => requireWorkMemory(deviceWith('cuda', 5 * GIB), work);
  expect(check).toThrow(WorkMemoryError);
  expect(check).toThrow(
    /1 picture of 2048×2048 needs about 6\.\d GiB on card, and 5\.0 GiB are free.*cuda\+fp8.*offload/,
  );
});

it('counts kept outputs only where they are kept', () => {
  expect(() => requireWorkMemory(deviceWith('cuda', 2 * GIB), { ...work, kept: 1 })).not.toThrow();
  expect(() => requireWorkMemory(deviceWith('cuda', 2 * GIB), work)).toThrow(WorkMemoryError);
});

it('counts the processor’s own copies, and says nothing of CUDA there', () => {
  expect(() => requireWorkMemory(deviceWith('cpu', 4 * GIB), { ...work, kept: 1 })).toThrow(/^(?!.*cuda)/);
});

it('refuses 16384² of the demo on a machine of 24 GB before anything is made', async () => {
  const { model } = await describeCheckpoint('demo/checkpoint');
  const sampling = { ...model.defaults, width: 16_384, height: 16_384 };
  expect(model.workBytes(1, sampling, 0, { kind: 'cpu', computeDtype: 'f32' })).toBeGreaterThan(24e9);
  expect(model.workBytes(1, model.defaults, 0, { kind: 'cpu', computeDtype: 'f32' })).toBeLessThan(1e9);
});
