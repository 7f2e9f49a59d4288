import { CheckpointError } from '../checkpoint/checkpoint-error.ts';

/** How far what was computed here is from what a dump recorded. */
export interface Deviation {
  /** Largest absolute difference. */
  readonly max: number;
  /** ‖out − ref‖ / ‖ref‖ */
  readonly relative: number;
}

/** What came out, and how far each tensor of a dump is from it. */
export interface Verification {
  /** The device's name. */
  readonly device: string;
  readonly tensors: Readonly<Record<string, Deviation>>;
}

/** Throws CheckpointError, naming the dump's file, where nothing or another number of elements was computed. */
export function deviation(
  file: string,
  name: string,
  found: ArrayLike<number> | undefined,
  expected: ArrayLike<number>,
): Deviation {
  if (!found) throw new CheckpointError(file, `holds "${name}", which this model has no output for`);
  if (found.length !== expected.length)
    throw new CheckpointError(file, `"${name}" has ${expected.length} elements, the model puts out ${found.length}`);
  let max = 0;
  let squaredError = 0;
  let squares = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(found[i]! - expected[i]!);
    // Written so that a NaN wins over every number.
    if (!(difference <= max)) max = difference;
    squaredError += difference ** 2;
    squares += expected[i]! ** 2;
  }
  return { max, relative: squares === 0 ? Math.sqrt(squaredError) : Math.sqrt(squaredError / squares) };
}
