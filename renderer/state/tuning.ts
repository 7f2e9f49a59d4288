import type { Calibration, CostSource, Granularity, Pin, Settings } from '../../electron/contract.ts';

/** What the control column and the heatmaps set: everything that a solve depends on beside the table. */
export interface Tuning {
  readonly delta: number;
  /** null: no head constraint. */
  readonly headConstraint: number | null;
  readonly granularity: Granularity;
  /** Methods beside `full` to choose from. */
  readonly candidates: readonly string[];
  readonly pins: readonly Pin[];
  readonly cost: CostSource;
}

/** The values that the search itself ran at; where a table came without them, those of the settings. */
export function initialTuning(calibration: Calibration, settings: Settings | null): Tuning {
  const offered = calibration.methods.filter((method) => method !== 'full');
  const { search } = calibration;
  const bounds = searchBounds(calibration);
  return {
    delta: bounds?.delta ?? settings?.delta ?? 0.4,
    headConstraint: bounds === null ? (settings?.headConstraint ?? null) : bounds.headConstraint,
    granularity: search?.granularity ?? settings?.granularity ?? 'head',
    candidates: search === null ? offered : offered.filter((method) => search.candidates.includes(method)),
    pins: [],
    cost:
      search?.cost === 'measured' && calibration.savings.some(({ source }) => source === 'measured')
        ? 'measured'
        : 'flops',
  };
}

/** The search with the bounds that it ran at; null where it had none, as DiTFastAttn's, or is not known. */
export function searchBounds({ search }: Pick<Calibration, 'search'>): Calibration['search'] {
  return search?.algorithm === undefined ? search : null;
}

/** Whether pins a and b are about the same steps, layers and heads. */
export function samePlace(a: Pin, b: Pin): boolean {
  return a.step === b.step && a.layer === b.layer && a.head === b.head;
}

/** Pins with `pin` as the newest, in the place of an older one about the same heads. */
export function withPin(pins: readonly Pin[], pin: Pin): Pin[] {
  return [...pins.filter((other) => !samePlace(other, pin)), pin];
}
