import { describe, expect, it } from 'vitest';
import { parseBoundedJson } from '../../../mmdit/files/bounded-json.ts';

describe('JSON from elsewhere', () => {
  it.each([
    '{"a":[1,"[[[[{{{{,,,,::::",{"\\"[[":"\\\\"}],"b":null}',
    '"\\\\\\"["',
    '[]',
    ' {} ',
    '0',
    '["\\\\","[","\\\\\\\\"]',
  ])('is parsed as ever: %s', (text) => {
    // Brackets, commas and colons in strings count for nothing.
    expect(parseBoundedJson(text, { depth: 3, values: 12 })).toEqual(JSON.parse(text));
  });

  it.each(['', '{', '"', '"\\"', '[1,]', ']', '{"a":}'])('throws SyntaxError for %j', (text) => {
    expect(() => parseBoundedJson(text)).toThrow(SyntaxError);
  });

  it('may nest so deep and no deeper', () => {
    const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`;
    expect(parseBoundedJson(nested(64))).toBeDefined();
    for (const text of [nested(66), '['.repeat(65), '{"a":'.repeat(65)])
      expect(() => parseBoundedJson(text)).toThrow('nests at most 64 deep');
  });

  it('may hold so many values and no more', () => {
    const text = '[1,2,{"a":3}]';
    // The list, 1, 2, the object, its key and 3, counted generously.
    expect(parseBoundedJson(text, { values: 6 })).toEqual([1, 2, { a: 3 }]);
    expect(() => parseBoundedJson(text, { values: 3 })).toThrow('at most 3 values');
    expect(() => parseBoundedJson(`[${'{},'.repeat(1000)}{}]`, { values: 1000 })).toThrow('at most 1000 values');
  });

  it('is refused before it is parsed', () => {
    // 5 MB of it take JSON.parse seconds; the refusal comes at the 65th character.
    let seen = 0;
    const text = {
      length: 5_000_000,
      charCodeAt: () => {
        seen++;
        return 0x5b;
      },
    } as unknown as string;
    expect(() => parseBoundedJson(text)).toThrow('nests at most');
    expect(seen).toBe(65);
  });
});
