import { z } from 'zod';
import { readJsonFile } from '../json-file.ts';
import type { Savings } from './savings.ts';

const schema = z.record(z.string().max(64), z.number()).refine((value) => Object.keys(value).length <= 256, {
  error: 'expected at most 256 methods',
});

/** Reads `{ "method": number }`, savings against full attention in any unit. Throws CalibrationFileError. */
export async function readSavings(file: string): Promise<Savings> {
  return { source: 'file', perMethod: await readJsonFile(file, schema, 1 << 20) };
}
