/**
 * Memory of released tensors, kept for the next tensor of the same length: a denoising step allocates what the step
 * before released. The device's ops run in order, so a buffer may be handed out again at once: whoever writes to it
 * next runs after everything that was enqueued before.
 */
export class BufferPool {
  readonly #free = new Map<number, Float32Array[]>();
  readonly #maxFreeBytes: number;
  #freeBytes = 0;
  #allocations = 0;

  constructor(maxFreeBytes: number) {
    this.#maxFreeBytes = maxFreeBytes;
  }

  /** Buffers made so far; stands still once a loop has warmed up. */
  get allocations(): number {
    return this.#allocations;
  }

  /** Of buffers that wait to be taken. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  take(length: number): Float32Array {
    const reused = this.#free.get(length)?.pop();
    if (reused) {
      this.#freeBytes -= reused.byteLength;
      return reused;
    }
    this.#allocations++;
    return new Float32Array(length);
  }

  give(buffer: Float32Array): void {
    const same = this.#free.get(buffer.length) ?? [];
    same.push(buffer);
    // Moving the length to the end keeps the map in order of use: the first is the one longest not needed.
    this.#free.delete(buffer.length);
    this.#free.set(buffer.length, same);
    this.#freeBytes += buffer.byteLength;
    while (this.#freeBytes > this.#maxFreeBytes) this.#dropOldest();
  }

  clear(): void {
    this.#free.clear();
    this.#freeBytes = 0;
  }

  #dropOldest(): void {
    for (const [length, buffers] of this.#free) {
      this.#freeBytes -= buffers.pop()?.byteLength ?? 0;
      if (buffers.length === 0) this.#free.delete(length);
      return;
    }
  }
}
