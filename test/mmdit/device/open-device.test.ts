import { expect, it } from 'vitest';
import { DeviceNameError, openDevice, parseDeviceName } from '../../../mmdit/device/open-device.ts';
import { CudaUnavailableError, whyNoCuda } from '../../../native-kernels/index.ts';

it.each([
  ['auto', { kind: 'auto', card: 0, projections: 'bf16', offload: false }],
  ['cpu', { kind: 'cpu', card: 0, projections: 'bf16', offload: false }],
  ['cuda', { kind: 'cuda', card: 0, projections: 'bf16', offload: false }],
  ['cuda:3', { kind: 'cuda', card: 3, projections: 'bf16', offload: false }],
  ['cuda+fp8', { kind: 'cuda', card: 0, projections: 'fp8', offload: false }],
  ['cuda:1+fp8+offload', { kind: 'cuda', card: 1, projections: 'fp8', offload: true }],
])('%s is a device name', (name, choice) => {
  expect(parseDeviceName(name)).toEqual(choice);
});

it.each(['', 'gpu', 'cpu:1', 'cpu+fp8', 'auto+offload', 'cuda:', 'cuda:x', 'cuda:100', 'cuda+offload+fp8', 'CUDA'])(
  '"%s" is none, and the error lists what is',
  (name) => {
    expect(() => parseDeviceName(name)).toThrow(DeviceNameError);
    expect(() => parseDeviceName(name)).toThrow(/expected auto, cpu/);
  },
);

it.skipIf(whyNoCuda() === null)(
  'a card asked for by name says why there is none, and auto takes the processor',
  async () => {
    await expect(openDevice('cuda')).rejects.toThrow(CudaUnavailableError);
    await expect(openDevice('cuda')).rejects.toThrow(whyNoCuda()!);
    const device = await openDevice('auto');
    expect(device.info.kind).toBe('cpu');
    await device.close();
  },
);
