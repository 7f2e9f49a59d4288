import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runManifestSchema, runMetricsSchema } from '../../../calibration/runs/run-manifest.ts';
import { settings } from '../../../electron/contract/settings.ts';
import { requests } from '../../../electron/contract.ts';
import { describeIssue, plainMessage } from '../../../mmdit/files/describe-issue.ts';

function problem(schema: z.ZodType, value: unknown): string {
  const { error } = schema.safeParse(value);
  return error ? describeIssue(error, value) : 'valid';
}

describe('a validation error in words', () => {
  it.each<[z.ZodType, unknown, string]>([
    [z.string(), 3, 'expected text, found 3'],
    [z.object({ a: z.object({ b: z.int() }) }), { a: { b: 'x' } }, 'field "a.b": expected a number, found "x"'],
    [z.object({ a: z.string() }), {}, 'field "a": expected text, found nothing'],
    [z.int(), 1.5, 'expected a whole number, found 1.5'],
    [z.object({ a: z.string() }), null, 'expected an object, found null'],
    [z.strictObject({ a: z.object({}) }), { a: {}, b: 1 }, 'field "b" is not known'],
    [z.array(z.int().min(1)), [1, 0], 'field "1": expected a number of at least 1, found 0'],
    [z.number().positive(), 0, 'expected a number above 0, found 0'],
    [z.number().lt(1), 1, 'expected a number below 1, found 1'],
    [z.number(), Number.NaN, 'expected a number, found NaN'],
    [z.string().min(1), '', 'expected text of at least 1 character, found ""'],
    [z.array(z.int()).max(1), [1, 2], 'expected a list of at most 1, found [1,2]'],
    [z.array(z.int()).length(3), [], 'expected a list of exactly 3, found []'],
    [z.int().multipleOf(8), 12, 'expected a multiple of 8, found 12'],
    [z.enum(['head', 'layer']), 'Layer', 'expected "head" or "layer", found "Layer"'],
    [z.literal(1), '1', 'expected 1, found "1"'],
    [z.string().regex(/^a/, { error: 'expected a name with a' }), 'b', 'expected a name with a, found "b"'],
    [
      z.string().refine(() => false, { error: ({ input }) => `expected b; found ${input}` }),
      'a',
      'expected b; found a',
    ],
    [z.union([z.string(), z.number()]), null, 'expected text or a number, found null'],
    [z.union([z.string(), z.object({ a: z.number() })]), { a: 'x' }, 'field "a": expected a number, found "x"'],
    [
      z.discriminatedUnion('kind', [z.object({ kind: z.literal('a') }), z.object({ kind: z.literal('b') })]),
      { kind: 'c' },
      'field "kind": expected "a" or "b", found "c"',
    ],
    [z.record(z.string().min(2), z.int()), { a: 1 }, /^field "a": has a key that is not allowed: expected text of at/],
    [z.instanceof(Uint8Array), new Float32Array(2), 'expected Uint8Array, found Float32Array of 8 bytes'],
    [z.string(), 5n, 'expected text, found bigint'],
    [z.int(), 'x'.repeat(1000), `expected a number, found "${'x'.repeat(79)}…`],
  ] as [z.ZodType, unknown, string][])('%#', (schema, value, message) => {
    if (typeof message === 'string') expect(problem(schema, value)).toBe(message);
    else expect(problem(schema, value)).toMatch(message);
  });

  const SCHEMAS: readonly (readonly [string, z.ZodType])[] = [
    ['settings', settings],
    ['run.json', runManifestSchema],
    ['metrics.json', runMetricsSchema],
    ...Object.entries(requests).map(([name, { params }]) => [name, params] as const),
  ];

  it.each(SCHEMAS)('holds neither a dump nor a word of zod for %s', (_name, schema) => {
    fc.assert(
      fc.property(nearly(schema), (value) => {
        const { error } = schema.safeParse(value);
        if (!error) return;
        const message = describeIssue(error, value);
        expect(message).toMatch(/expected|is not known|is not allowed|leave it out/);
        // What was found may hold anything.
        const words = message.replace(/, found [\s\S]*$/, '');
        expect(words).not.toMatch(/Invalid (input|option|string)|received|>=|<=|^\[|"code":|undefined/);
        expect(message.split('\n')).toHaveLength(1);
        const [issue] = error.issues;
        if (issue && issue.path.length > 0) expect(message).toContain(`field "${issue.path.map(String).join('.')}`);
      }),
      { numRuns: 30 },
    );
  });

  it('speaks for an error that nobody translated', () => {
    const { error } = z.object({ a: z.array(z.int()) }).safeParse({ a: ['x'] });
    expect(plainMessage(error as Error)).toBe(
      'A value that Arrowhead made itself is not valid: field "a.0": expected a number',
    );
  });
});

/** Values of about the schema's form, with junk at any depth. */
function nearly(schema: z.ZodType): fc.Arbitrary<unknown> {
  const junk = fc.oneof(
    ...[fc.string(), fc.double(), fc.integer(), fc.boolean(), fc.constantFrom(null, undefined, [], {})],
    fc.array(fc.string(), { maxLength: 3 }),
  );
  if (schema instanceof z.ZodObject) {
    const shape = schema.shape as Readonly<Record<string, z.ZodType>>;
    const fields = Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, nearly(field)]));
    const extra = fc.oneof(
      { weight: 4, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: fc.record({ extra: junk }) },
    );
    const record = fc.tuple(fc.record(fields, { requiredKeys: [] }), extra).map(([own, more]) => ({ ...own, ...more }));
    return fc.oneof({ weight: 5, arbitrary: record }, { weight: 1, arbitrary: junk });
  }
  if (schema instanceof z.ZodArray) {
    const element = nearly(schema.element as z.ZodType);
    return fc.oneof({ weight: 3, arbitrary: fc.array(element, { maxLength: 3 }) }, { weight: 1, arbitrary: junk });
  }
  if (schema instanceof z.ZodUnion)
    return fc.oneof(...schema.options.map((option) => nearly(option as z.ZodType)), junk);
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional) return nearly(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodLiteral) return fc.oneof(fc.constantFrom(...schema.values), junk);
  if (schema instanceof z.ZodEnum) return fc.oneof(fc.constantFrom(...schema.options), junk);
  return junk;
}
