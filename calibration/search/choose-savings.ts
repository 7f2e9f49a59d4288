import type { Device } from '../../mmdit/device/device.ts';
import { measureSavings } from '../cost/measure-savings.ts';
import type { Savings } from '../cost/savings.ts';
import type { CalibrationFolder } from './calibration-folder.ts';
import type { ProgressReporter } from './calibration-progress.ts';
import type { CalibrationRequest, CalibrationSetup } from './calibration-request.ts';

/** The savings that a search works with. Timings are taken once and kept: a resumed search must not time again. */
export async function chooseSavings(
  device: Device,
  request: CalibrationRequest,
  setup: CalibrationSetup,
  folder: CalibrationFolder | null,
  progress: ProgressReporter,
  signal: AbortSignal | undefined,
): Promise<Savings> {
  const cost = request.cost ?? { source: 'flops' };
  if (cost.source === 'file') return cost;
  if (cost.source === 'flops') return { source: 'flops' };
  const kept = await folder?.readMeasuredSavings();
  if (kept) return kept;
  progress.stage('measure-cost', 'Timing the methods', device.info.name);
  const batch = setup.samples.length * (setup.isGuided ? 2 : 1);
  const shape = { ...setup.sampling, batch, heads: setup.heads };
  const measured = await measureSavings(device, shape, setup.methods, signal);
  await folder?.keepMeasuredSavings(device.info.name, measured);
  return measured;
}
