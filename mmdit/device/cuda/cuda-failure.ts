import { OutOfDeviceMemoryError } from '../device-memory-error.ts';

/** The first thing that went wrong since the last `finish`: everything behind it is skipped until that reported it. */
export class CudaFailure {
  #failure: { readonly error: unknown } | null = null;

  get reason(): unknown {
    return this.#failure?.error;
  }

  note(error: unknown): void {
    this.#failure ??= { error };
  }

  /** Runs unless something failed before; what fails here is noted. */
  guard<T>(device: string, work: () => T): T | undefined {
    if (this.#failure) return undefined;
    try {
      return work();
    } catch (error) {
      const isMemory = (error as { code?: unknown }).code === 'CUDA_OUT_OF_MEMORY';
      this.note(isMemory ? new OutOfDeviceMemoryError(device, { cause: error }) : error);
      return undefined;
    }
  }

  throwIfAny(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** Throws what was noted, and forgets it. */
  clear(): void {
    const failure = this.#failure;
    this.#failure = null;
    if (failure) throw failure.error;
  }
}

/**
 * Whether CUDA failed otherwise than for lack of memory, at this error or at one that caused it. Such a failure may stay
 * with the process: every later call would report it again.
 */
export function leavesCardUnusable(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && (at.code === 'CUDA_ERROR' || at.code === 'CUBLAS_ERROR')) return true;
  }
  return false;
}
