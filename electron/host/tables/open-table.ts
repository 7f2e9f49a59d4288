import { stat } from 'node:fs/promises';
import path from 'node:path';
import { MEASURED_SAVINGS_FILE, readMeasuredSavings } from '../../../calibration/cost/measured-savings-file.ts';
import { type LayerSavings, layerSavings, type Savings } from '../../../calibration/cost/savings.ts';
import type { RseTable } from '../../../calibration/rse/rse-table.ts';
import { readRseTable } from '../../../calibration/rse/rse-table-file.ts';
import { plainFile } from '../../../calibration/runs/plain-file.ts';
import { RSE_FILE, SCHEME_FILE } from '../../../calibration/runs/run-files.ts';
import type { Scheme } from '../../../calibration/scheme/scheme.ts';
import { readScheme } from '../../../calibration/scheme/scheme-file.ts';
import { withFull } from '../../../calibration/solver/solve-table.ts';
import type { CostSource } from '../../contract.ts';

/** A run's table, ready to be solved many times. */
export interface OpenTable {
  /** `full` is among the methods. */
  readonly table: RseTable;
  /** The run's own scheme, where it fits the table. */
  readonly scheme: Scheme | null;
  readonly savings: ReadonlyMap<CostSource, LayerSavings>;
}

/** Tables kept in memory: two to compare, and the one before. */
const KEPT = 3;
const known = new Map<string, Promise<OpenTable>>();

/** Throws CalibrationFileError. A file that has changed is read again. */
export async function openTable(folder: string): Promise<OpenTable> {
  const files = [RSE_FILE, SCHEME_FILE, MEASURED_SAVINGS_FILE].map((name) => path.join(folder, name));
  const states = await Promise.all(files.map((file) => stat(file).catch(() => null)));
  const key = JSON.stringify([folder, ...states.map((state) => state && [state.mtimeMs, state.size])]);
  const opened = known.get(key) ?? read(folder, states[2] !== null);
  known.delete(key);
  known.set(key, opened);
  opened.catch(() => known.delete(key));
  for (const oldest of [...known.keys()].slice(0, Math.max(0, known.size - KEPT))) known.delete(oldest);
  return opened;
}

async function read(folder: string, hasMeasured: boolean): Promise<OpenTable> {
  const table = await readRseTable(await plainFile(path.join(folder, RSE_FILE)));
  const full = { ...table, ...withFull(table) };
  const scheme = await plainFile(path.join(folder, SCHEME_FILE))
    .then(readScheme)
    .catch(() => null);
  const savings = new Map<CostSource, LayerSavings>();
  const add = (source: CostSource, of: Savings) => savings.set(source, layerSavings(of, full.methods, full));
  if (full.sampling) add('flops', { source: 'flops' });
  if (hasMeasured)
    add('measured', await readMeasuredSavings(await plainFile(path.join(folder, MEASURED_SAVINGS_FILE))));
  return { table: full, scheme: scheme && fits(scheme, full) ? scheme : null, savings };
}

function fits({ plan, methods, layers }: Scheme, table: RseTable): boolean {
  return (
    plan.length === table.steps &&
    layers.length === table.layers.length &&
    plan[0]?.[0]?.length === table.heads &&
    methods.every((method) => table.methods.includes(method))
  );
}
