import { z } from 'zod';
import { writeWholeFile } from '../../mmdit/files/write-whole-file.ts';
import { readJsonFile } from '../json-file.ts';
import type { Savings } from './savings.ts';

export const MEASURED_SAVINGS_FILE = 'measured-savings.json';

type MeasuredSavings = Extract<Savings, { source: 'measured' }>;

const schema = z.strictObject({
  format: z.literal('arrowhead-measured-savings'),
  version: z.literal(1),
  unit: z.literal('seconds per head'),
  device: z.string(),
  layers: z.array(z.record(z.string(), z.number())).max(1024),
});

/** Kept beside a calibration: the same plan cannot be found again from other timings. */
export async function writeMeasuredSavings(file: string, device: string, { layers }: MeasuredSavings): Promise<void> {
  const content = { format: 'arrowhead-measured-savings', version: 1, unit: 'seconds per head', device, layers };
  await writeWholeFile(file, `${JSON.stringify(content, null, 2)}\n`);
}

/** Throws CalibrationFileError. */
export async function readMeasuredSavings(file: string): Promise<MeasuredSavings> {
  const { layers } = await readJsonFile(file, schema, 1 << 24);
  return { source: 'measured', layers };
}
