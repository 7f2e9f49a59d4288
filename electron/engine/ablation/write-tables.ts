import path from 'node:path';
import {
  ABLATION_FILE,
  type AblationFile,
  ablationCsv,
  ablationMarkdown,
  type MeasuredTable,
  measuredTables,
  writeAblation,
} from '../../../calibration/index.ts';
import { writeWholeFile } from '../../../mmdit/index.ts';
import { ablationPlot } from '../../report/ablation-plot.ts';
import { MARKDOWN_FILE, PLOT_FILE } from './ablation-folder.ts';

export interface AblationFiles {
  readonly markdown: string;
  readonly plot: string;
  /** One per table. */
  readonly csv: readonly string[];
}

/** Writes what was found so far: first `ablation.json`, which is the record, then the tables and the plot. */
export async function writeTables(folder: string, ablation: AblationFile): Promise<AblationFiles> {
  await writeAblation(path.join(folder, ABLATION_FILE), ablation);
  const tables = measuredTables(ablation);
  const files = filesOf(folder, tables);
  await writeWholeFile(files.plot, ablationPlot(tables, `${ablation.model.name}: attention left out against SSIM`));
  for (const [n, table] of tables.entries()) await writeWholeFile(files.csv[n]!, ablationCsv(table));
  await writeWholeFile(files.markdown, ablationMarkdown(ablation, PLOT_FILE));
  return files;
}

function filesOf(folder: string, tables: readonly MeasuredTable[]): AblationFiles {
  return {
    markdown: path.join(folder, MARKDOWN_FILE),
    plot: path.join(folder, PLOT_FILE),
    csv: tables.map(({ id }) => path.join(folder, `ablation-${id}.csv`)),
  };
}
