type Work<T> = (signal: AbortSignal) => T | Promise<T>;

/**
 * Runs work one after another in the order of the calls, like a CUDA stream. The first failure makes everything behind
 * it skip, until `finish` has reported it.
 */
export class WorkQueue {
  #tail: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | null = null;
  #stop = new AbortController();

  enqueue(work: Work<void>): void {
    this.#tail = this.#tail.then(async () => {
      if (this.#failure) return;
      try {
        await work(this.#stop.signal);
      } catch (error) {
        this.#failure ??= { error };
      }
    });
  }

  /** Work with a result. The promise may be dropped: `finish` reports a failure in any case. */
  enqueueResult<T>(work: Work<T>): Promise<T> {
    const result = this.#tail.then(async () => {
      if (this.#failure) throw this.#failure.error;
      try {
        return await work(this.#stop.signal);
      } catch (error) {
        this.#failure ??= { error };
        throw this.#failure.error;
      }
    });
    this.#tail = result.then(ignore, ignore);
    return result;
  }

  /** Skips what has not run; work under way sees its signal. */
  abort(reason: unknown): void {
    this.#failure ??= { error: reason };
    this.#stop.abort(reason);
  }

  finish(): Promise<void> {
    const done = this.#tail.then(() => {
      const failure = this.#failure;
      this.#failure = null;
      if (this.#stop.signal.aborted) this.#stop = new AbortController();
      if (failure) throw failure.error;
    });
    this.#tail = done.catch(ignore);
    return done;
  }
}

function ignore(): void {}
