import type { Device, DeviceInfo } from '../device/device.ts';
import { WorkMemoryError } from '../device/device-memory-error.ts';

/**
 * Tensors of one activation's size that a step holds at its widest: residual stream, its norm, q, k, v, the attention
 * output, the MLP's four, two results. Measured on FLUX at 2048²: 12.
 */
const ACTIVATIONS = 13;
const BYTES = { f32: 4, bf16: 2, f16: 2 } as const;

export interface Work {
  /** As the error names it: "1 picture of 2048×2048". */
  readonly what: string;
  /** Samples that run through the model together. */
  readonly batch: number;
  readonly tokens: number;
  readonly channels: number;
  /** Attention outputs and residuals kept from step to step: some per layer under a scheme, else one for all. */
  readonly kept: number;
}

/** What it takes on a device of this dtype beside the weights, about. */
export function workBytes({ batch, tokens, channels, kept }: Work, computeDtype: DeviceInfo['computeDtype']): number {
  return batch * tokens * channels * BYTES[computeDtype] * (ACTIVATIONS + kept);
}

/** Throws WorkMemoryError before work starts that cannot fit. */
export function requireWorkMemory(device: Device, work: Work): void {
  const needed = workBytes(work, device.info.computeDtype);
  const { freeBytes } = device;
  if (needed > freeBytes) throw new WorkMemoryError(device.info, work.what, needed, freeBytes);
}
