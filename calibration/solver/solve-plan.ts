import { CalibrationError } from '../calibration-error.ts';
import type { LayerSavings } from '../cost/savings.ts';
import type { Granularity } from './granularity.ts';
import { openRowSolver } from './open-row-solver.ts';

/** Measurements to choose by: one value per step, layer, method and head. */
export interface PlanSpace {
  readonly steps: number;
  readonly layers: number;
  readonly heads: number;
  readonly methods: readonly string[];
  /** `[steps, layers, methods, heads]`; NaN or Infinity where a method is not possible. */
  readonly rse: Float32Array;
  /** Per layer, per method. */
  readonly savings: LayerSavings;
}

export interface PlanBounds {
  /** Bound on the summed RSE of a layer's heads at a step; finite, not negative. */
  readonly delta: number;
  /** c: no head may use more than c·δ/heads. null: no such bound. */
  readonly headConstraint: number | null;
  /** Absent: `head`. */
  readonly granularity?: Granularity | undefined;
}

/** A method chosen by hand. null is every step, layer or head; of two that meet the later wins. */
export interface PlanPin {
  readonly step: number | null;
  readonly layer: number | null;
  readonly head: number | null;
  readonly method: string;
}

export interface PlanChoices {
  /** Indices into the methods, `[steps, layers, heads]`. */
  readonly plan: Uint8Array;
  /** Summed RSE of the chosen methods in head order, `[steps, layers]`. */
  readonly rseUsed: Float64Array;
  /** Over all steps, layers and heads. */
  readonly saving: number;
  /** Steps × layers whose pins alone use more than δ. */
  readonly overdrawn: number;
  /** Pins that decided no head: another covers them, or their method was not possible anywhere. By position. */
  readonly ignoredPins: readonly number[];
}

/**
 * The exact choice for every step and layer. Pinned heads take their method whatever the bounds say, where it was
 * possible at that step; the layer's other heads share what is left of δ, and one method where the granularity is
 * `layer`. `candidates` limits what may be chosen besides
 * `full`; null: every method.
 */
export function solvePlan(
  space: PlanSpace,
  bounds: PlanBounds,
  candidates: readonly string[] | null = null,
  pins: readonly PlanPin[] = [],
): PlanChoices {
  const { steps, layers, heads, methods, rse, savings } = space;
  const full = methods.indexOf('full');
  if (full < 0) throw new CalibrationError('methods: expected "full" among them');
  const limit = headLimit(bounds, heads);
  const solver = openRowSolver(bounds.granularity, heads, methods.length, full);
  const rules = new RowRules(space, bounds.granularity, candidates, pins);
  const plan = new Uint8Array(steps * layers * heads);
  const rseUsed = new Float64Array(steps * layers);
  let saving = 0;
  let overdrawn = 0;
  let known: Float64Array | undefined;
  for (let step = 0; step < steps; step++) {
    for (let layer = 0; layer < layers; layer++) {
      const layerSaving = savings[layer]!;
      if (layerSaving !== known) solver.setSavings(layerSaving);
      known = layerSaving;
      const index = step * layers + layer;
      const choices = plan.subarray(index * heads, (index + 1) * heads);
      const pinned = rules.apply(step, layer);
      const offset = index * methods.length * heads;
      if (pinned > bounds.delta) overdrawn += 1;
      const left = Math.max(0, bounds.delta - pinned);
      if (rules.changesRow) solver.solve(rules.row, 0, left, limit, choices, 0);
      else solver.solve(rse, offset, left, limit, choices, 0);
      rules.setPinned(choices);
      saving += chosenSaving(choices, layerSaving);
      for (let head = 0; head < heads; head++) {
        const method = choices[head]!;
        if (method !== full) rseUsed[index]! += rse[offset + method * heads + head]!;
      }
    }
  }
  return { plan, rseUsed, saving, overdrawn, ignoredPins: rules.ignoredPins() };
}

/** Summed in head order. */
export function chosenSaving(choices: Uint8Array, savings: Float64Array): number {
  let sum = 0;
  for (const method of choices) sum += savings[method]!;
  return sum;
}

/** c·δ/n, the bound on one head. */
export function headLimit({ delta, headConstraint }: PlanBounds, heads: number): number {
  return headConstraint === null ? Number.POSITIVE_INFINITY : (headConstraint * delta) / heads;
}

/** Throws CalibrationError for a δ or c that bounds nothing sensible. */
export function requireBudget({ delta, headConstraint }: PlanBounds): void {
  if (!(Number.isFinite(delta) && delta >= 0)) {
    throw new CalibrationError(`delta: expected a finite number of at least 0, found ${delta}`);
  }
  if (headConstraint !== null && !(Number.isFinite(headConstraint) && headConstraint >= 0)) {
    throw new CalibrationError(`headConstraint: expected a number of at least 0 or null, found ${headConstraint}`);
  }
}

const FREE = -1;

/** What candidates and pins make of one step's layer: a copy of its measurements in which the impossible is NaN. */
class RowRules {
  /** `[methods, heads]` */
  readonly row: Float32Array;
  /** Whether `row` differs from the measurements. */
  changesRow = false;
  readonly #space: PlanSpace;
  /** What the row says of a pinned head, whose own choice is replaced by setPinned: nothing that costs the others. */
  readonly #pinnedRse: number;
  readonly #barred: readonly number[];
  readonly #pins: readonly (PlanPin & { readonly index: number })[];
  readonly #used: Uint8Array;
  /** Per head the pinned method, or FREE. */
  readonly #pinned: Int16Array;
  readonly #pinOf: Int32Array;

  constructor(
    space: PlanSpace,
    granularity: Granularity | undefined,
    candidates: readonly string[] | null,
    pins: readonly PlanPin[],
  ) {
    const { methods, heads } = space;
    const allowed = (method: string) => candidates === null || method === 'full' || candidates.includes(method);
    this.#space = space;
    // Full alone is left to a pinned head of its own; where heads share a method, every method is as good for it.
    this.#pinnedRse = granularity === 'layer' ? 0 : Number.NaN;
    this.row = new Float32Array(methods.length * heads);
    this.#barred = methods.flatMap((method, index) => (allowed(method) ? [] : [index]));
    this.#pins = pins.map((pin) => ({ ...pin, index: methods.indexOf(pin.method) }));
    const unknown = this.#pins.find(({ index }) => index < 0);
    if (unknown) {
      throw new CalibrationError(`pins: expected one of ${methods.join(', ')}, found "${unknown.method}"`);
    }
    this.#used = new Uint8Array(pins.length);
    this.#pinned = new Int16Array(heads);
    this.#pinOf = new Int32Array(heads);
  }

  /** Prepares `row` for a step's layer; returns the RSE that its pinned heads use. */
  apply(step: number, layer: number): number {
    const { methods, heads, rse, layers } = this.#space;
    const offset = (step * layers + layer) * methods.length * heads;
    this.#findPinned(step, layer, offset);
    const anyPinned = this.#pinned.some((method) => method !== FREE);
    this.changesRow = anyPinned || this.#barred.length > 0;
    if (!this.changesRow) return 0;
    this.row.set(rse.subarray(offset, offset + this.row.length));
    for (const method of this.#barred) this.row.fill(Number.NaN, method * heads, (method + 1) * heads);
    if (!anyPinned) return 0;
    let sum = 0;
    const full = methods.indexOf('full');
    for (let head = 0; head < heads; head++) {
      const method = this.#pinned[head]!;
      if (method === FREE) continue;
      this.#used[this.#pinOf[head]!] = 1;
      if (method !== full) sum += rse[offset + method * heads + head]!;
      for (let other = 0; other < methods.length; other++) this.row[other * heads + head] = this.#pinnedRse;
    }
    return sum;
  }

  setPinned(choices: Uint8Array): void {
    for (const [head, method] of this.#pinned.entries()) if (method !== FREE) choices[head] = method;
  }

  ignoredPins(): readonly number[] {
    return [...this.#used.keys()].filter((pin) => this.#used[pin] === 0);
  }

  #findPinned(step: number, layer: number, offset: number): void {
    const { heads, rse, methods } = this.#space;
    this.#pinned.fill(FREE);
    for (const [position, pin] of this.#pins.entries()) {
      if ((pin.step !== null && pin.step !== step) || (pin.layer !== null && pin.layer !== layer)) continue;
      const [from, to] = pin.head === null ? [0, heads] : [pin.head, Math.min(pin.head + 1, heads)];
      for (let head = from; head < to; head++) {
        const possible = methods[pin.index] === 'full' || Number.isFinite(rse[offset + pin.index * heads + head]);
        if (!possible) continue;
        this.#pinned[head] = pin.index;
        this.#pinOf[head] = position;
      }
    }
  }
}
