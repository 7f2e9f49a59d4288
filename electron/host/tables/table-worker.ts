import type { RseTable, Scheme } from '../../../calibration/index.ts';
import { tokenGridOf } from '../engine/token-grid.ts';
import { serveCalls } from '../workers/serve-calls.ts';
import { type OpenTable, openTable } from './open-table.ts';
import { schemeOfTuning, solveOpenTable } from './solve-open-table.ts';
import type { OpenedTable, TableCalls } from './table-calls.ts';

// A thread of its own, so that neither a job nor the window waits for a solve.
serveCalls<TableCalls>({
  open: async ({ folder }) => describe(await openTable(folder)),
  solve: async ({ folder, tuning }) => solveOpenTable(await openTable(folder), tuning),
  scheme: async ({ folder, tuning }) => schemeOfTuning(await openTable(folder), tuning),
});

function describe({ table, scheme, savings }: OpenTable): OpenedTable {
  const { steps, layers, methods, heads, rse, sampling, search, model } = table;
  return {
    calibration: {
      steps,
      layers: [...layers],
      methods: [...methods],
      heads,
      // A copy of its own memory: the table may be a view of a file's bytes.
      rse: rse.slice(),
      plan: scheme && flatPlan(scheme, table),
      sampling: sampling && {
        ...sampling,
        block: [sampling.block[0], sampling.block[1]],
        layouts: [...sampling.layouts],
        tokenGrid: tokenGridOf(sampling),
      },
      search: search && {
        ...search,
        granularity: search.granularity ?? 'head',
        candidates: [...search.candidates],
        prompts: [...search.prompts],
        seeds: [...search.seeds],
      },
      savings: [...savings].map(([source, of]) => ({ source, layers: of.map((perMethod) => [...perMethod]) })),
    },
    fingerprint: model?.fingerprint ?? null,
  };
}

function flatPlan({ plan, methods }: Scheme, table: RseTable): Uint8Array<ArrayBuffer> {
  const index = methods.map((method) => table.methods.indexOf(method));
  return Uint8Array.from(plan.flat(2), (choice) => index[choice]!);
}
