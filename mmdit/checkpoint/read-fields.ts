import { z } from 'zod';
import { CheckpointError } from './checkpoint-error.ts';

const SHOWN_CHARACTERS = 80;

/** The value as the schema has it. Throws CheckpointError naming the first wrong field, what it should be and what it is. */
export function validate<T>(file: string, schema: z.ZodType<T>, value: unknown, place = ''): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CheckpointError(file, `${place}${firstProblem(parsed.error, value)}`);
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

/** The first wrong field of a value, what it should be and what it is. */
export function firstProblem({ issues }: z.ZodError, value: unknown): string {
  const [issue] = issues;
  if (!issue) return 'is not as expected';
  if (issue.code === 'unrecognized_keys') {
    const names = [...issue.path, issue.keys[0]].join('.');
    return `field "${names}" is not known`;
  }
  const found = issue.path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );
  const field = issue.path.length > 0 ? `field "${issue.path.join('.')}": ` : '';
  const message = issue.message.replace(/^Invalid (input|option): /, '').replace(/, received .*$/, '');
  return `${field}${message}; found ${shown(found)}`;
}

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}
