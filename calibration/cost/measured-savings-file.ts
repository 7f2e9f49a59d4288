import { createHash } from 'node:crypto';
import { z } from 'zod';
import { writeWholeFile } from '../../mmdit/files/write-whole-file.ts';
import { CalibrationFileError } from '../calibration-error.ts';
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
  /** SHA-256 of `layers`: a flipped digit would lead a resumed search elsewhere. Absent in files of earlier versions. */
  checksum: z.string().length(64).optional(),
});

/** Kept beside a calibration: the same plan cannot be found again from other timings. */
export async function writeMeasuredSavings(file: string, device: string, { layers }: MeasuredSavings): Promise<void> {
  const head = { format: 'arrowhead-measured-savings', version: 1, unit: 'seconds per head', device };
  const content = { ...head, layers, checksum: checksumOf(layers) };
  await writeWholeFile(file, `${JSON.stringify(content, null, 2)}\n`);
}

/** Throws CalibrationFileError. */
export async function readMeasuredSavings(file: string): Promise<MeasuredSavings> {
  const { layers, checksum } = await readJsonFile(file, schema, 1 << 24);
  if (checksum !== undefined && checksum !== checksumOf(layers)) {
    throw new CalibrationFileError(
      file,
      'the timings that this search chooses by are damaged: their checksum is another. Restore the file from a backup to resume, or calibrate anew in another folder',
    );
  }
  return { source: 'measured', layers };
}

function checksumOf(layers: MeasuredSavings['layers']): string {
  return createHash('sha256').update(JSON.stringify(layers)).digest('hex');
}
