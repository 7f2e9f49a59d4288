import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { JsonLimitError, parseBoundedJson } from '../files/bounded-json.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { validate } from './read-fields.ts';
import { requireInside } from './require-inside.ts';

const MAX_JSON_BYTES = 64 * 1024 * 1024;

/**
 * Reads and validates a JSON file of a checkpoint. Throws CheckpointError naming the file and the first wrong field, or
 * where it is a link out of its folder.
 */
export async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  await requireInside(path.dirname(file), file);
  const info = await stat(file);
  if (!info.isFile()) throw new CheckpointError(file, 'is not a regular file');
  if (info.size > MAX_JSON_BYTES)
    throw new CheckpointError(file, `is ${info.size} bytes long; at most ${MAX_JSON_BYTES} are read`);
  let value: unknown;
  try {
    value = parseBoundedJson(await readFile(file, 'utf8'));
  } catch (cause) {
    if (cause instanceof JsonLimitError) throw new CheckpointError(file, cause.message, { cause });
    throw new CheckpointError(file, 'is not valid JSON', { cause });
  }
  return validate(file, schema, value);
}
