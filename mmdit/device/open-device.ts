import { cudaCards, whyNoCuda } from '../../native-kernels/index.ts';
import { CpuDevice } from './cpu-device.ts';
import { CudaDevice } from './cuda/cuda-device.ts';
import type { Device, DeviceInfo } from './device.ts';

/**
 * As users name a device: `auto`, `cpu`, `cuda`, `cuda:1`. On a card `+fp8` keeps projections in fp8 and `+offload` keeps
 * them in the host's memory, in this order.
 */
export type DeviceName = string;

/** A device name that is none. */
export class DeviceNameError extends Error {
  override readonly name = 'DeviceNameError';

  constructor(found: string) {
    const known = ['auto', 'cpu', ...cudaCards().map(({ index }) => `cuda:${index}`)].join(', ');
    super(
      `Unknown device "${found}": expected ${known}, a CUDA device with +fp8 (projections in fp8), +offload (weights in the host's memory) or both: cuda:0+fp8+offload`,
    );
  }
}

export interface DeviceChoice {
  readonly kind: 'auto' | 'cpu' | 'cuda';
  readonly card: number;
  readonly projections: 'bf16' | 'fp8';
  readonly offload: boolean;
}

/** Throws DeviceNameError. */
export function parseDeviceName(name: DeviceName): DeviceChoice {
  const match = /^(auto|cpu|cuda)(?::(\d{1,2}))?(\+fp8)?(\+offload)?$/.exec(name);
  const [, kind, card, fp8, offload] = match ?? [];
  if (kind !== 'cuda' && (card ?? fp8 ?? offload) !== undefined) throw new DeviceNameError(name);
  if (kind !== 'auto' && kind !== 'cpu' && kind !== 'cuda') throw new DeviceNameError(name);
  return { kind, card: Number(card ?? 0), projections: fp8 ? 'fp8' : 'bf16', offload: offload !== undefined };
}

/**
 * `auto`: the first CUDA card where the machine has one, else the processor. Throws DeviceNameError, and
 * CudaUnavailableError where a card is there or was asked for and cannot be used: nobody is put on a slower device unasked.
 */
export async function openDevice(name: DeviceName = process.env.ARROWHEAD_DEVICE ?? 'auto'): Promise<Device> {
  const { kind, ...options } = parseDeviceName(name);
  if (kind === 'cpu') return CpuDevice.open();
  if (kind === 'cuda') return CudaDevice.open(options);
  return whyNoCuda() === null ? CudaDevice.open() : CpuDevice.open();
}

export interface ListedDevice extends DeviceInfo {
  /** As `openDevice` takes it. */
  readonly id: DeviceName;
}

/** Every device of this machine that a model can run on, the preferred one first. */
export async function listDevices(): Promise<readonly ListedDevice[]> {
  const cards = cudaCards().map(
    ({ index, name, memoryBytes }): ListedDevice => ({
      ...{ id: `cuda:${index}`, kind: 'cuda', name, computeDtype: 'bf16', memoryBytes },
    }),
  );
  return [...cards, { id: 'cpu', ...CpuDevice.describe() }];
}
