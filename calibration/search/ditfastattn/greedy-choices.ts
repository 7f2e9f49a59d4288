import { FULL, formatMethod, type HeadMethod } from '../../../mmdit/attention/method.ts';
import type { PredictUnder } from '../../../mmdit/pipeline/pipeline.ts';
import type { ProgressReporter } from '../calibration-progress.ts';
import type { ProgressiveSearch } from '../progressive-search.ts';
import { layerThreshold, outputChange } from './output-change.ts';
import type { TrialAttention } from './trial-attention.ts';

export interface GreedySettings {
  readonly threshold: number;
  /** In the order in which they are tried. */
  readonly candidates: readonly HeadMethod[];
}

/**
 * DiTFastAttn's greedy search (Yuan et al. 2024, as in the published code): at every step, layer after layer, the first
 * candidate under which the whole transformer's output moves less than the layer's threshold, else full attention. Layers
 * before it are as they were chosen, layers after it are full. A forward pass for every try.
 */
export class GreedyChoices {
  readonly #search: ProgressiveSearch;
  readonly #trial: TrialAttention;
  readonly #settings: GreedySettings;
  readonly #progress: ProgressReporter;
  readonly #signal: AbortSignal | undefined;
  /** Of the step in hand, one per layer. */
  #chosen: readonly HeadMethod[] = [];

  constructor(
    search: ProgressiveSearch,
    trial: TrialAttention,
    settings: GreedySettings,
    progress: ProgressReporter,
    signal: AbortSignal | undefined,
  ) {
    this.#search = search;
    this.#trial = trial;
    this.#settings = settings;
    this.#progress = progress;
    this.#signal = signal;
  }

  /** Chooses for a step before it runs; nothing where the choice stands already. */
  async decide(step: number, predict: PredictUnder): Promise<void> {
    if (!this.#search.measures(step)) return;
    const chosen: HeadMethod[] = this.#search.space.layers.map(() => FULL);
    this.#chosen = chosen;
    const full = await this.#try(predict, chosen);
    // The step itself will say where that came from.
    if (!full.every(Number.isFinite)) return;
    for (const layer of chosen.keys()) chosen[layer] = await this.#choose(step, layer, chosen, full, predict);
  }

  /** Index of a layer's method among the search's. */
  chosen(layer: number): number {
    const name = formatMethod(this.#chosen[layer]!);
    return this.#search.space.methods.indexOf(name);
  }

  async #choose(
    step: number,
    layer: number,
    chosen: readonly HeadMethod[],
    full: Float32Array,
    predict: PredictUnder,
  ): Promise<HeadMethod> {
    const { steps, layers } = this.#search.space;
    const { threshold, candidates } = this.#settings;
    for (const method of candidates) {
      const detail = `step ${step + 1} of ${steps}, ${layers[layer]}, ${formatMethod(method)}`;
      this.#progress.layer('search', step, layer, detail);
      const output = await this.#try(predict, chosen.with(layer, method));
      if (outputChange(full, output) < layerThreshold(threshold, layer, layers.length)) return method;
    }
    return FULL;
  }

  #try(predict: PredictUnder, methods: readonly HeadMethod[]): Promise<Float32Array> {
    this.#signal?.throwIfAborted();
    return predict(this.#trial.hook(methods));
  }
}
