import { z } from 'zod';

const SHOWN_CHARACTERS = 80;

/**
 * A validation error in words: `field "search.seeds.0": expected a whole number, found "a"`. Of several problems the
 * first; of the forms that a union offers the one that the value comes closest to. `value`: what was validated, `within`:
 * the field that holds it, where it is not a whole file.
 */
export function describeIssue({ issues }: z.ZodError, value: unknown, within: readonly string[] = []): string {
  const [first] = issues;
  if (!first) return 'is not as expected';
  const { issue, path } = innermost(first, []);
  const fields = [...within, ...path];
  if (issue.code === 'unrecognized_keys') return `field "${[...fields, issue.keys[0]].join('.')}" is not known`;
  const place = fields.length > 0 ? `field "${fields.join('.')}": ` : '';
  const expected = expectation(issue);
  // Our own checks may say themselves what they found.
  if (/\bfound\b/.test(expected)) return `${place}${expected}`;
  return `${place}${expected}, found ${shown(valueAt(path, value))}`;
}

/** A value for a message: JSON, cut where it is long. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value) && value.length > SHOWN_CHARACTERS) return `a list of ${value.length}`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`;
  let text: string;
  try {
    text = JSON.stringify(typeof value === 'string' ? value.slice(0, SHOWN_CHARACTERS + 1) : value) ?? typeof value;
  } catch {
    return typeof value;
  }
  return text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}

function valueAt(path: readonly PropertyKey[], value: unknown): unknown {
  const step = (inner: unknown, key: PropertyKey): unknown =>
    typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined;
  return path.reduce(step, value);
}

interface Place {
  readonly issue: z.core.$ZodIssue;
  readonly path: readonly PropertyKey[];
}

/** The issue itself, or where forms of a union were tried, that of the form that failed deepest in the value. */
function innermost(issue: z.core.$ZodIssue, parents: readonly PropertyKey[]): Place {
  const path = [...parents, ...issue.path];
  if (issue.code !== 'invalid_union') return { issue, path };
  const tried = issue.errors.flatMap(([first]) => (first ? [innermost(first, path)] : []));
  const deepest = tried.reduce<Place | null>(
    (best, place) => (place.path.length > (best?.path.length ?? path.length) ? place : best),
    null,
  );
  return deepest ?? { issue, path };
}

/** How zod's own messages begin; others are those of our schemas. */
const ZOD_MESSAGE = /^(Invalid |Too small|Too big|Unrecognized )/;

function expectation(issue: z.core.$ZodIssue): string {
  if (!ZOD_MESSAGE.test(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${typeName(issue.expected)}`;
    case 'invalid_value':
      return `expected ${oneOf(issue.values.map((value) => shown(value)))}`;
    case 'too_small':
      return `expected ${bounded(issue.origin, issue.exact ? 'exactly' : 'at least', issue.inclusive, issue.minimum)}`;
    case 'too_big':
      return `expected ${bounded(issue.origin, issue.exact ? 'exactly' : 'at most', issue.inclusive, issue.maximum)}`;
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return issue.format === 'regex'
        ? `expected text that matches ${issue.pattern}`
        : `expected text of the form ${issue.format}`;
    case 'invalid_union':
      return `expected ${oneOf(unionForms(issue))}`;
    case 'invalid_key':
      return `has a key that is not allowed: ${issue.issues[0] ? expectation(issue.issues[0]) : 'another is expected'}`;
    case 'invalid_element':
      return issue.issues[0] ? expectation(issue.issues[0]) : 'expected another element';
    default:
      return 'is not as expected';
  }
}

function unionForms(issue: z.core.$ZodIssueInvalidUnion): readonly string[] {
  const options: unknown = 'options' in issue ? issue.options : undefined;
  if (Array.isArray(options)) return options.map((option) => shown(option));
  const forms = issue.errors.flatMap(([first]) => (first ? [expectation(first).replace(/^expected /, '')] : []));
  return [...new Set(forms)];
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  never: 'nothing',
  undefined: 'nothing',
};

function typeName(expected: string): string {
  return TYPE_NAMES[expected] ?? expected;
}

/** `a list of at most 4`, `text of at least 1 character`, `a number of at least 0`, `a number above 0`. */
function bounded(origin: string, bound: string, inclusive: boolean | undefined, limit: number | bigint): string {
  switch (origin) {
    case 'string':
      return `text of ${bound} ${limit} character${Number(limit) === 1 ? '' : 's'}`;
    case 'array':
    case 'set':
    case 'map':
      return `a list of ${bound} ${limit}`;
    default:
      if (inclusive === false) return `${typeName(origin)} ${bound === 'at least' ? 'above' : 'below'} ${limit}`;
      return `${typeName(origin)} of ${bound} ${limit}`;
  }
}

function oneOf(forms: readonly string[]): string {
  return forms.length <= 1 ? (forms[0] ?? 'another value') : `${forms.slice(0, -1).join(', ')} or ${forms.at(-1)}`;
}

/**
 * What an error says to people. A ZodError's own message is a dump of its issues; one that reaches this point is about a
 * value that the program made itself, since what comes from outside is validated by those who can name its origin.
 */
export function plainMessage(error: Error): string {
  if (!(error instanceof z.ZodError)) return error.message || error.name;
  const [first] = error.issues;
  const place = first && first.path.length > 0 ? `field "${first.path.join('.')}": ` : '';
  return `A value that Arrowhead made itself is not valid: ${place}${first ? expectation(first) : 'it is not as expected'}`;
}
