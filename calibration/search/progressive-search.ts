import type { AttentionPlan } from '../../mmdit/attention/attention-plan.ts';
import { type HeadMethod, parseMethod, residualFractions } from '../../mmdit/attention/method.ts';
import type { LayerSavings } from '../cost/savings.ts';
import { type CandidateErrors, relativeSquaredErrors } from '../rse/relative-squared-error.ts';
import { openRowSolver } from '../solver/open-row-solver.ts';
import type { RowSolver } from '../solver/row-solver.ts';
import { chosenSaving, headLimit, type PlanBounds } from '../solver/solve-plan.ts';

export interface SearchSpace extends PlanBounds {
  readonly steps: number;
  readonly layers: readonly string[];
  readonly heads: number;
  /** `full` first. */
  readonly methods: readonly string[];
  readonly savings: LayerSavings;
}

/** What a search has found of its first steps: the tensors that its journal keeps. */
export interface FinishedSteps {
  readonly count: number;
  /** `[count, layers, methods, heads]` */
  readonly rse: Float32Array;
  /** `[count, layers, heads]`, indices into the methods. */
  readonly choices: Uint8Array;
}

/**
 * The progressive search (DiTFastAttnV2 §3.3) as a state machine, without a model: told what was measured, it says what
 * to apply. Step 0 is full everywhere, since nothing is cached yet; RSE there is NaN, which is "not possible".
 */
export class ProgressiveSearch {
  readonly space: SearchSpace;
  readonly methods: readonly HeadMethod[];
  /** The methods but `full`: what is measured, in this order. */
  readonly candidates: readonly HeadMethod[];
  /** Windows whose residuals are to be kept wherever a head is full. */
  readonly residualFractions: readonly number[];
  readonly #rse: Float32Array;
  readonly #choices: Uint8Array;
  readonly #replayed: number;
  readonly #solver: RowSolver;
  readonly #limit: number;

  constructor(space: SearchSpace, finished: FinishedSteps | null) {
    const { steps, layers, heads, methods } = space;
    this.space = space;
    this.methods = methods.map(parseMethod);
    this.candidates = this.methods.slice(1);
    this.residualFractions = residualFractions(this.candidates);
    this.#rse = new Float32Array(steps * layers.length * methods.length * heads).fill(Number.NaN);
    this.#choices = new Uint8Array(steps * layers.length * heads);
    for (let row = 0; row < steps * layers.length; row++) {
      this.#rse.fill(0, row * methods.length * heads, (row * methods.length + 1) * heads);
    }
    this.#replayed = finished?.count ?? 0;
    if (finished) {
      this.#rse.set(finished.rse);
      this.#choices.set(finished.choices);
    }
    this.#solver = openRowSolver(space.granularity, heads, methods.length, 0);
    this.#limit = headLimit(space, heads);
  }

  /** Whether a layer's candidates are to be measured at this step: not where the choice stands already. */
  measures(step: number): boolean {
    return step > 0 && step >= this.#replayed;
  }

  /** Takes what a layer measured at a step and chooses its methods, unless one was `decided` for all its heads. */
  record(step: number, layer: number, measured: CandidateErrors, decided: number | null = null): readonly HeadMethod[] {
    const { layers, heads, methods, savings, delta } = this.space;
    const row = step * layers.length + layer;
    const offset = row * methods.length * heads;
    const candidates = this.#rse.subarray(offset + heads, offset + methods.length * heads);
    relativeSquaredErrors(measured, candidates);
    if (decided !== null) {
      this.#choicesOf(row).fill(decided);
      return this.chosen(step, layer);
    }
    this.#solver.setSavings(savings[layer]!);
    this.#solver.solve(this.#rse, offset, delta, this.#limit, this.#choices, row * heads);
    return this.chosen(step, layer);
  }

  /** The methods of a layer's heads at a step; full where nothing was chosen. */
  chosen(step: number, layer: number): readonly HeadMethod[] {
    const choices = this.#choicesOf(step * this.space.layers.length + layer);
    return Array.from(choices, (choice) => this.methods[choice]!);
  }

  /** What is known of the first `count` steps, all of them done. */
  finished(count: number): FinishedSteps {
    const { layers, heads, methods } = this.space;
    return {
      count,
      rse: this.#rse.subarray(0, count * layers.length * methods.length * heads),
      choices: this.#choices.subarray(0, count * layers.length * heads),
    };
  }

  /** `[step][layer][head]` */
  get plan(): AttentionPlan['choices'] {
    const { steps, layers } = this.space;
    return Array.from({ length: steps }, (_, step) =>
      layers.map((_name, layer) => Array.from(this.#choicesOf(step * layers.length + layer))),
    );
  }

  get rse(): Float32Array {
    return this.#rse;
  }

  /** Summed over all steps, layers and heads, in the unit of the savings. */
  get saving(): number {
    const { steps, layers, savings } = this.space;
    let sum = 0;
    for (let row = 0; row < steps * layers.length; row++) {
      sum += chosenSaving(this.#choicesOf(row), savings[row % layers.length]!);
    }
    return sum;
  }

  /** Summed RSE of the chosen methods in head order, `[step][layer]`. */
  get rseUsed(): readonly (readonly number[])[] {
    const { steps, layers, heads, methods } = this.space;
    return Array.from({ length: steps }, (_, step) =>
      layers.map((_name, layer) => {
        const row = step * layers.length + layer;
        let sum = 0;
        for (let head = 0; head < heads; head++) {
          sum += this.#rse[(row * methods.length + this.#choices[row * heads + head]!) * heads + head]!;
        }
        return sum;
      }),
    );
  }

  #choicesOf(row: number): Uint8Array {
    const { heads } = this.space;
    return this.#choices.subarray(row * heads, (row + 1) * heads);
  }
}
