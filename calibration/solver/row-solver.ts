/** Chooses the methods of one step and layer, exactly. */
export interface RowSolver {
  /** Summed RSE of the last answer. */
  readonly rse: number;
  /** Saving of each method against full attention, finite, in any unit; negative ones are never chosen. */
  setSavings(savings: ArrayLike<number>): void;
  /** Reads `[methods][heads]` of `table` at `offset`; writes a method index per head into `plan` at `at`. */
  solve(
    table: Float32Array | Float64Array,
    offset: number,
    delta: number,
    limit: number,
    plan: Uint8Array,
    at: number,
  ): void;
}
