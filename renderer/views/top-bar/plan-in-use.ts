import type { PlanSource, RunSummary } from '../../../electron/contract.ts';
import type { AppState } from '../../state/app-state.ts';

/** What pictures are made under, unless with full attention. */
export interface PlanInUse {
  readonly source: PlanSource;
  /** For people. */
  readonly says: string;
  /** What it was made for; null where its run does not say. */
  readonly steps: number | null;
  readonly model: RunSummary['model'];
}

/** What the sliders say, else the open run's first scheme; null with neither. */
export function planInUse({
  calibration,
  runs,
  openRun,
  solveSettings,
}: Pick<AppState, 'calibration' | 'runs' | 'openRun' | 'solveSettings'>): PlanInUse | null {
  const settings = solveSettings();
  if (calibration !== null && settings !== null) {
    const model = runs.find(({ id }) => id === calibration.run)?.model ?? null;
    return { source: { kind: 'solve', ...settings }, says: 'What the sliders say', steps: calibration.steps, model };
  }
  const [scheme] = openRun?.schemes ?? [];
  if (!openRun || scheme === undefined) return null;
  const { id, name, sampling, model } = openRun.summary;
  const source: PlanSource = { kind: 'scheme', run: id, scheme: scheme.file };
  return { source, says: `The scheme of ${name}`, steps: sampling?.steps ?? null, model };
}
