import { z } from 'zod';
import { describeIssue, shown } from '../files/describe-issue.ts';
import { CheckpointError } from './checkpoint-error.ts';

/** The value as the schema has it. Throws CheckpointError naming the first wrong field, what it should be and what it is. */
export function validate<T>(file: string, schema: z.ZodType<T>, value: unknown, place = ''): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CheckpointError(file, `${place}${describeIssue(parsed.error, value)}`);
}

/**
 * Reads a config strictly: every field is in `read`, or in `inert` (of no effect on what inference computes), or null,
 * which turns off what it names, or private, or refused by name. `owner`: whose config it is, for messages.
 */
export function readFields<Shape extends z.ZodRawShape>(
  file: string,
  owner: string,
  config: Readonly<Record<string, unknown>>,
  read: Shape,
  inert: readonly string[] = [],
): z.output<z.ZodObject<Shape, z.core.$strip>> {
  for (const [field, value] of Object.entries(config)) {
    if (Object.hasOwn(read, field) || inert.includes(field) || value === null || field.startsWith('_')) continue;
    throw new CheckpointError(
      file,
      `field "${field}" of ${owner} is not supported, found ${shown(value)}; this version knows ${Object.keys(read).join(', ')}`,
    );
  }
  return validate(file, z.object(read), config);
}
