import type { Device, DeviceInfo } from '../device/device.ts';
import { WorkMemoryError } from '../device/device-memory-error.ts';

/**
 * Tensors of one activation's size that a step holds at its widest: residual stream, its norm, q, k, v, the attention
 * output, the MLP's four, two results. Measured on FLUX at 2048² on a card: 12. The processor makes copies of its own
 * where parts are joined, and keeps released tensors of other sizes: 39 on the demo at 2048², 44 at 1024².
 */
const ACTIVATIONS = { cpu: 44, cuda: 13 } as const;
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

/** What of a device decides how much memory work takes on it. */
export type WorkPlace = Pick<DeviceInfo, 'kind' | 'computeDtype'>;

/** What it takes on a device beside the weights, about. */
export function workBytes({ batch, tokens, channels, kept }: Work, { kind, computeDtype }: WorkPlace): number {
  return batch * tokens * channels * BYTES[computeDtype] * (ACTIVATIONS[kind] + kept);
}

/** Throws WorkMemoryError before work starts that cannot fit. */
export function requireWorkMemory(device: Device, work: Work): void {
  const needed = workBytes(work, device.info);
  const { freeBytes } = device;
  if (needed > freeBytes) throw new WorkMemoryError(device.info, work.what, needed, freeBytes);
}
