import type { GenerateResult } from './pipeline.ts';

type Stage = keyof GenerateResult['seconds'];

/** Seconds of one stage after another. */
export class Stopwatch {
  readonly #seconds = { encode: 0, denoise: 0, decode: 0 };
  #since = performance.now();

  /** Ends a stage; the next begins. */
  lap(stage: Stage): void {
    const now = performance.now();
    this.#seconds[stage] = (now - this.#since) / 1000;
    this.#since = now;
  }

  get seconds(): GenerateResult['seconds'] {
    return { ...this.#seconds };
  }
}
