import type { z } from 'zod';
import { JsonLimitError, parseBoundedJson } from '../files/bounded-json.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { describeMistake } from './mistaken-content.ts';
import { validate } from './read-fields.ts';
import { readRegularFile } from './regular-file.ts';

const MAX_JSON_BYTES = 64 * 1024 * 1024;

/** Reads and validates a JSON file of a checkpoint. Throws CheckpointError naming the file and the first wrong field. */
export async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  const bytes = await readRegularFile(file, MAX_JSON_BYTES);
  let value: unknown;
  try {
    // The decoder drops a byte order mark, which some editors write.
    value = parseBoundedJson(new TextDecoder().decode(bytes));
  } catch (cause) {
    if (cause instanceof JsonLimitError) throw new CheckpointError(file, cause.message, { cause });
    throw new CheckpointError(file, describeMistake(bytes) ?? 'is not valid JSON', { cause });
  }
  return validate(file, schema, value);
}
