import type { BlockSize } from '../../mmdit/attention/token-layout.ts';
import type { AttentionErrorSums, Device, Tensor } from '../../mmdit/device/device.ts';
import type { AttentionCall, AttentionHook } from '../../mmdit/models/mmdit-model.ts';
import { CalibrationError } from '../calibration-error.ts';
import type { ProgressReporter } from './calibration-progress.ts';
import type { ProgressiveSearch } from './progressive-search.ts';

/**
 * Drives a progressive search from inside a model's forward passes: measures a layer's candidates on its actual input,
 * applies what the search chooses, and goes on with that. Each layer's output lives as long as the run, so that cached
 * heads keep what they put out the step before.
 */
export class SearchAttention {
  readonly #device: Device;
  readonly #search: ProgressiveSearch;
  readonly #block: BlockSize;
  readonly #progress: ProgressReporter;
  readonly #signal: AbortSignal | undefined;
  readonly #outputs = new Map<number, Tensor>();

  constructor(
    device: Device,
    search: ProgressiveSearch,
    block: BlockSize,
    progress: ProgressReporter,
    signal: AbortSignal | undefined,
  ) {
    this.#device = device;
    this.#search = search;
    this.#block = block;
    this.#progress = progress;
    this.#signal = signal;
  }

  step(step: number): AttentionHook {
    return async (call) => {
      this.#signal?.throwIfAborted();
      const { steps, layers } = this.#search.space;
      const measures = this.#search.measures(step);
      const detail = `step ${step + 1} of ${steps}, ${layers[call.layer]}`;
      this.#progress.layer(measures || step === 0 ? 'search' : 'replay', step, call.layer, detail);
      const out = this.#output(call);
      const methods = measures ? await this.#choose(step, call, out) : this.#search.chosen(step, call.layer);
      this.#device.headwiseAttention({ ...call, block: this.#block, out, methods });
      return out;
    };
  }

  close(): void {
    this.#device.release(...this.#outputs.values());
    this.#outputs.clear();
  }

  async #choose(step: number, call: AttentionCall, previous: Tensor) {
    const { fractions, usesCached } = this.#search;
    const sums = await this.#device.measureAttention({
      ...call,
      block: this.#block,
      fractions,
      previous: usesCached ? previous : null,
    });
    this.#requireFinite(sums, step, call.layer);
    return this.#search.record(step, call.layer, sums);
  }

  /** Full attention that is no number would make every candidate look impossible, and the scheme full. */
  #requireFinite({ sum, sumOfSquares }: AttentionErrorSums, step: number, layer: number): void {
    const head = sumOfSquares.findIndex((value, n) => !Number.isFinite(value + sum[n]!));
    if (head < 0) return;
    const { steps, layers } = this.#search.space;
    throw new CalibrationError(
      `At step ${step + 1} of ${steps}, full attention of ${layers[layer]}, head ${head}, puts out NaN or infinity. A damaged checkpoint, or values beyond its dtype, do that: check the weights with arrowhead verify`,
    );
  }

  #output({ layer, q }: AttentionCall): Tensor {
    const output = this.#outputs.get(layer) ?? this.#device.allocate(q.shape);
    this.#outputs.set(layer, output);
    return output;
  }
}
