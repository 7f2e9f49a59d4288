import { cpus } from 'node:os';
import { addon } from './addon.ts';
import { requireInteger } from './arguments.ts';

/** The kernels' only door: other layers import this file and nothing else here. */
export { AddonLoadError } from './addon.ts';
export { KernelArgumentError } from './arguments.ts';
export * from './attention.ts';
export * from './cuda/cuda-addon.ts';
export { openCard } from './cuda/open-card.ts';
export * from './elementwise.ts';

export interface CpuInfo {
  /** As the processor names itself: "AMD EPYC". */
  readonly model: string;
  /** Of the kernels: portable, avx2 or avx512. */
  readonly instructionSet: string;
  readonly threads: number;
}

export function cpuInfo(): CpuInfo {
  return { model: cpus()[0]?.model.trim() || 'unknown processor', ...addon.cpuInfo() };
}

/** Threads that every kernel call uses, the caller's among them. Waits for calls under way. */
export function setThreads(count: number): void {
  requireInteger('count', count, 1, 1024);
  addon.setThreads(count);
}

/** Gives freed memory back to the system at once; glibc's allocator would keep hundreds of MiB after a large network. */
export function trimHeap(): void {
  addon.trimHeap();
}

/** Below this, pages are cleared fast enough. */
const LARGE_BYTES = 4 * 2 ** 20;

/** Zeros that are about to be overwritten, such as a weight: large ones in large pages where the system has them. */
export function largeFloats(count: number): Float32Array<ArrayBuffer> {
  const memory = new Float32Array(count);
  if (memory.byteLength >= LARGE_BYTES) addon.adviseLargePages({ memory });
  return memory;
}

/**
 * Multiply-adds and nothing else on every thread, `rounds` × 1,000 × 12 vectors each; resolves with the floating-point
 * operations done. Timed, it is the most that a kernel could reach.
 */
export async function fmaBurst(rounds: number): Promise<number> {
  requireInteger('rounds', rounds, 1, 2 ** 30);
  return addon.fmaBurst({ rounds });
}
