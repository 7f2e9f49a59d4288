export interface JsonLimits {
  /** Levels of objects and arrays within each other; 64 where it is absent, which no format of ours comes near. */
  readonly depth?: number;
  /** Values and keys in all; no limit where it is absent. */
  readonly values?: number;
}

/** JSON that is refused before it is parsed: parsing it could take minutes or all memory. */
export class JsonLimitError extends Error {
  override readonly name = 'JsonLimitError';
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const DEFAULT_DEPTH = 64;

/**
 * `JSON.parse` for text from elsewhere. One pass over the text counts its depth and its values first, because the time
 * and memory that parsing takes grow with those: 5 MB of `[` take seconds. Throws JsonLimitError, and SyntaxError.
 */
export function parseBoundedJson(text: string, limits: JsonLimits = {}): unknown {
  requireBounded(text, limits);
  return JSON.parse(text);
}

function requireBounded(text: string, limits: JsonLimits): void {
  const { depth: maxDepth = DEFAULT_DEPTH, values: maxValues = Number.POSITIVE_INFINITY } = limits;
  let depth = 0;
  // Every value but the first follows a comma, a colon or an opening bracket.
  let values = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
      continue;
    }
    if (code === COMMA || code === COLON) values++;
    else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      values++;
      depth++;
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--;
    else continue;
    if (depth > maxDepth) throw new JsonLimitError(`expected JSON that nests at most ${maxDepth} deep`);
    if (values > maxValues) throw new JsonLimitError(`expected JSON of at most ${maxValues} values`);
  }
}

/** Where the closing quote is; the end of the text where there is none. */
function endOfString(text: string, start: number): number {
  let end = start;
  do {
    end = text.indexOf('"', end + 1);
    if (end < 0) return text.length;
  } while (isEscaped(text, end));
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}
