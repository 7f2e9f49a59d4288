const LONGEST_MS = 10_000;

/** Attempts with pauses that double, and vary so that many windows do not come back in the same moment. */
export class BackOff {
  readonly #firstMs: number;
  readonly #attempt: () => void;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(firstMs: number, attempt: () => void) {
    this.#firstMs = firstMs;
    this.#attempt = attempt;
  }

  schedule(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    const pause = Math.min(LONGEST_MS, this.#firstMs * 2 ** this.#failures) * (0.75 + Math.random() / 2);
    this.#failures += 1;
    this.#timer = setTimeout(this.#attempt, pause);
  }

  /** The attempt succeeded. */
  reset(): void {
    this.#failures = 0;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}
