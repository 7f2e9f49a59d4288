import { readSavings } from '../../calibration/cost/savings-file.ts';
import { readRseTable } from '../../calibration/rse/rse-table-file.ts';
import type { PlanBounds } from '../../calibration/solver/solve-plan.ts';
import { type SolvedTable, solveTable } from '../../calibration/solver/solve-table.ts';

export interface SolveFileRequest extends PlanBounds {
  /** An rse.safetensors. */
  readonly table: string;
  /** A JSON file of savings per method; attention FLOPs where absent. */
  readonly savings?: string | undefined;
}

export interface SolveFileResult extends SolvedTable {
  /** Attention modules, in the order of the plan's second axis. */
  readonly layers: readonly string[];
}

/** Re-solves the table of a search: a preview. Throws CalibrationError, CheckpointError. */
export async function solveFile(request: SolveFileRequest): Promise<SolveFileResult> {
  const { delta, headConstraint, granularity } = request;
  const table = await readRseTable(request.table);
  const savings = request.savings === undefined ? undefined : await readSavings(request.savings);
  const solved = solveTable(table, { delta, headConstraint, granularity, ...(savings && { savings }) });
  return { layers: table.layers, ...solved };
}
