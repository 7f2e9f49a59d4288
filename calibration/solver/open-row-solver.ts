import type { Granularity } from './granularity.ts';
import { LayerSolver } from './layer-solver.ts';
import { LayerwiseSolver } from './layerwise-solver.ts';
import type { RowSolver } from './row-solver.ts';

/** `full` is the index of full attention among the methods. */
export function openRowSolver(
  granularity: Granularity | undefined,
  heads: number,
  methods: number,
  full: number,
): RowSolver {
  return granularity === 'layer' ? new LayerwiseSolver(heads, full) : new LayerSolver(heads, methods, full);
}
