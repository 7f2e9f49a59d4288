import type { AttentionMemory } from '../../mmdit/attention/attention-memory.ts';
import type { BlockSize } from '../../mmdit/attention/token-layout.ts';
import type { Device } from '../../mmdit/device/device.ts';
import type { AttentionCall, AttentionHook } from '../../mmdit/models/mmdit-model.ts';
import { CalibrationError } from '../calibration-error.ts';
import type { CandidateErrors } from '../rse/relative-squared-error.ts';
import type { ProgressReporter } from './calibration-progress.ts';
import type { GreedyChoices } from './ditfastattn/greedy-choices.ts';
import { measureCandidates } from './measure-candidates.ts';
import type { ProgressiveSearch } from './progressive-search.ts';

/**
 * Drives a search from inside a model's forward passes: measures a layer's candidates on its actual input, applies what is
 * chosen, and goes on with that. Each layer's output and residuals live as long as the run, for cached heads and those
 * that add a residual.
 */
export class SearchAttention {
  readonly #device: Device;
  readonly #search: ProgressiveSearch;
  readonly #block: BlockSize;
  readonly #progress: ProgressReporter;
  readonly #signal: AbortSignal | undefined;
  readonly #memory: AttentionMemory;
  readonly #greedy: GreedyChoices | null;

  /** `greedy`: what chooses in the place of the search's own solver. */
  constructor(
    device: Device,
    search: ProgressiveSearch,
    memory: AttentionMemory,
    greedy: GreedyChoices | null,
    block: BlockSize,
    progress: ProgressReporter,
    signal: AbortSignal | undefined,
  ) {
    this.#device = device;
    this.#search = search;
    this.#block = block;
    this.#progress = progress;
    this.#signal = signal;
    this.#memory = memory;
    this.#greedy = greedy;
  }

  step(step: number): AttentionHook {
    return async (call) => {
      this.#signal?.throwIfAborted();
      const { steps, layers } = this.#search.space;
      const measures = this.#search.measures(step);
      const detail = `step ${step + 1} of ${steps}, ${layers[call.layer]}`;
      // Greedy choices of this step are reported where they are made.
      if (!measures || !this.#greedy)
        this.#progress.layer(measures || step === 0 ? 'search' : 'replay', step, call.layer, detail);
      const methods = measures ? await this.#choose(step, call) : this.#search.chosen(step, call.layer);
      const { out } = this.#memory.attend(call, this.#block, methods);
      // Which of them later steps add is not known yet.
      for (const fraction of this.#search.residualFractions)
        this.#memory.keepResiduals(call, this.#block, methods, fraction, () => true);
      return out;
    };
  }

  async #choose(step: number, call: AttentionCall) {
    const past = { previous: this.#memory.output(call), residuals: this.#memory.residuals(call.layer) };
    const input = { ...call, block: this.#block };
    const measured = await measureCandidates(this.#device, input, past, this.#search.candidates);
    this.#requireFinite(measured, step, call.layer);
    return this.#search.record(step, call.layer, measured, this.#greedy?.chosen(call.layer) ?? null);
  }

  /** Full attention that is no number would make every candidate look impossible, and the scheme full. */
  #requireFinite({ sum, sumOfSquares }: CandidateErrors, step: number, layer: number): void {
    const head = sumOfSquares.findIndex((value, n) => !Number.isFinite(value + sum[n]!));
    if (head < 0) return;
    const { steps, layers } = this.#search.space;
    throw new CalibrationError(
      `At step ${step + 1} of ${steps}, full attention of ${layers[layer]}, head ${head}, puts out NaN or infinity. A damaged checkpoint, or values beyond its dtype, do that: check the weights with arrowhead verify`,
    );
  }
}
