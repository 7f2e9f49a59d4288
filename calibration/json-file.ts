import { open, stat } from 'node:fs/promises';
import type { z } from 'zod';
import { JsonLimitError, parseBoundedJson } from '../mmdit/files/bounded-json.ts';
import { describeIssue } from '../mmdit/files/describe-issue.ts';
import { CalibrationFileError } from './calibration-error.ts';

/** Reads and validates a JSON file. Throws CalibrationFileError naming the file and the first wrong field. */
export async function readJsonFile<T>(file: string, schema: z.ZodType<T>, maxBytes: number): Promise<T> {
  let value: unknown;
  try {
    value = parseBoundedJson(await readText(file, maxBytes));
  } catch (cause) {
    if (cause instanceof CalibrationFileError) throw cause;
    if (cause instanceof JsonLimitError) throw new CalibrationFileError(file, cause.message, { cause });
    throw new CalibrationFileError(file, 'is not valid JSON; it may be truncated', { cause });
  }
  return validate(file, schema, value);
}

/** The value as the schema has it. Throws CalibrationFileError naming the first wrong field. */
export function validate<T>(file: string, schema: z.ZodType<T>, value: unknown, place = ''): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CalibrationFileError(file, describeIssue(parsed.error, value, place === '' ? [] : [place]));
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
