import type { AblationFile, AblationResult } from './ablation-file.ts';
import { searchKey } from './ablation-search.ts';
import { type AblationRow, type AblationTable, type AblationTableId, planAblation } from './plan-ablation.ts';

/** A row with what was found; null where it cannot run or has not yet. */
export interface MeasuredRow extends AblationRow {
  readonly result: AblationResult | null;
}

export interface MeasuredTable extends Omit<AblationTable, 'rows'> {
  readonly id: AblationTableId;
  readonly rows: readonly MeasuredRow[];
}

/** The tables of an ablation with everything that it has found so far. */
export function measuredTables({ settings, results }: AblationFile): readonly MeasuredTable[] {
  const { tables, searches } = planAblation(settings);
  const found = new Map(results.map((result) => [searchKey(result.search), result]));
  return tables.map((table) => ({
    ...table,
    rows: table.rows.map((row) => ({
      ...row,
      result: row.search === null ? null : (found.get(searchKey(searches[row.search]!)) ?? null),
    })),
  }));
}
