import { open, stat } from 'node:fs/promises';
import type { z } from 'zod';
import { firstProblem } from '../mmdit/checkpoint/read-fields.ts';
import { CalibrationFileError } from './calibration-error.ts';

/** Reads and validates a JSON file. Throws CalibrationFileError naming the file and the first wrong field. */
export async function readJsonFile<T>(file: string, schema: z.ZodType<T>, maxBytes: number): Promise<T> {
  let value: unknown;
  try {
    value = JSON.parse(await readText(file, maxBytes));
  } catch (cause) {
    if (cause instanceof CalibrationFileError) throw cause;
    throw new CalibrationFileError(file, 'is not valid JSON; it may be truncated', { cause });
  }
  return validate(file, schema, value);
}

/** The value as the schema has it. Throws CalibrationFileError naming the first wrong field. */
export function validate<T>(file: string, schema: z.ZodType<T>, value: unknown, place = ''): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  // Our own checks say what they found; zod's do not.
  if (place === '' && issue?.code !== 'custom') throw new CalibrationFileError(file, firstProblem(parsed.error, value));
  const field = [...(place === '' ? [] : [place]), ...(issue?.path ?? [])].join('.');
  throw new CalibrationFileError(file, `${field === '' ? '' : `field "${field}": `}${issue?.message}`);
}

async function readText(file: string, maxBytes: number): Promise<string> {
  const refuse = (cause: NodeJS.ErrnoException): never => {
    const problem = cause.code === 'ENOENT' ? 'does not exist' : `cannot be opened (${cause.code})`;
    throw new CalibrationFileError(file, problem, { cause });
  };
  // Opening a pipe would wait for a writer for ever.
  const info = await stat(file).catch(refuse);
  if (!info.isFile()) throw new CalibrationFileError(file, 'is no file');
  const handle = await open(file, 'r').catch(refuse);
  try {
    if (info.size > maxBytes) {
      throw new CalibrationFileError(file, `is ${info.size} bytes long; at most ${maxBytes} are read`);
    }
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
