import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFrame, encodeFrame, type Frame, type FrameLimits } from '../../../electron/contract/wire-codec.ts';
import { WireError } from '../../../electron/contract/wire-error.ts';

const limits: FrameLimits = { frame: 1 << 20, json: 1 << 16, arrays: 64 };

const bytes = fc.uint8Array({ maxLength: 40 });
const floats = fc.float32Array({ maxLength: 20 });
const key = fc.string({ unit: 'binary', maxLength: 6 }).filter((text) => text !== '__proto__' && text !== '$array');
// JSON has no −0.
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const leaf = fc.oneof(fc.string({ unit: 'binary' }), number, fc.boolean(), fc.constant(null), bytes, floats);
const message = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

describe('frames', () => {
  it('carry every message of JSON and typed arrays, bit by bit', () => {
    fc.assert(
      fc.property(message, fc.nat(7), (value, offset) => {
        const frame = encodeFrame(value);
        expect(decodeFrame(shifted(frame, offset), limits)).toEqual(value);
      }),
      { numRuns: 2000 },
    );
  });

  it('keep NaN payloads, infinities and the type of arrays', () => {
    const values = new Float32Array([Number.NaN, Number.POSITIVE_INFINITY, -0, 1e-45]);
    const back = decodeFrame(encodeFrame({ values, none: new Uint8Array(0) }), limits) as { values: Float32Array };
    expect(back.values).toBeInstanceOf(Float32Array);
    expect(new Uint8Array(back.values.buffer)).toEqual(new Uint8Array(values.buffer));
  });

  it('are text exactly where there are no arrays', () => {
    expect(encodeFrame({ id: 1, $array: 0 })).toBe('{"id":1,"$array":0}');
    expect(decodeFrame('{"id":1,"$array":0}', limits)).toEqual({ id: 1, $array: 0 });
    expect(encodeFrame({ data: new Uint8Array(0) })).toBeInstanceOf(Uint8Array);
  });

  it('follow the documented layout', () => {
    const frame = encodeFrame({ plan: new Uint8Array([7, 8, 9]), rse: new Float32Array([1, 2, 3]) }) as Uint8Array;
    const headerBytes = new DataView(frame.buffer).getUint32(0, true);
    expect((4 + headerBytes) % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(frame.subarray(4, 4 + headerBytes)))).toEqual({
      message: { plan: { $array: 0 }, rse: { $array: 1 } },
      arrays: [
        { type: 'u8', length: 3 },
        { type: 'f32', length: 3 },
      ],
    });
    expect([...frame.subarray(4 + headerBytes, 12 + headerBytes)]).toEqual([7, 8, 9, 0, 0, 0, 0, 0]);
    expect(frame.length).toBe(4 + headerBytes + 8 + 16);
  });

  it('leave the message as it was, and give arrays memory of their own', () => {
    const plan = new Uint8Array([1, 2]);
    const sent = { plan };
    const frame = encodeFrame(sent) as Uint8Array<ArrayBuffer>;
    expect(sent.plan).toBe(plan);
    const back = decodeFrame(Buffer.from(frame), limits) as { plan: Uint8Array };
    expect(back.plan.buffer.byteLength).toBe(2);
    expect(Object.getPrototypeOf(back.plan)).toBe(Uint8Array.prototype);
  });
});

describe('encoding refuses', () => {
  const deep = (depth: number): unknown => (depth === 0 ? 1 : [deep(depth - 1)]);
  it.each([
    ['NaN outside arrays', { a: [Number.NaN] }, 'message.a[0] is NaN'],
    ['Infinity outside arrays', Number.POSITIVE_INFINITY, 'message is Infinity'],
    ['dates', { at: new Date(0) }, 'message.at is Date'],
    ['maps', new Map(), 'message is Map'],
    ['functions', { f: () => 1 }, 'message.f is function'],
    ['other typed arrays', { a: new Float64Array(1) }, 'message.a is Float64Array'],
    ['placeholders beside arrays', { a: { $array: 0 }, b: new Uint8Array(1) }, 'message.a has a key $array'],
    ['depth', deep(33), 'nests deeper than 32'],
    ['prototypes', JSON.parse('{"a":{"__proto__":{}}}'), 'message.a has a key __proto__'],
  ])('%s', (_name, value, reason) => {
    expect(() => encodeFrame(value)).toThrow(WireError);
    expect(() => encodeFrame(value)).toThrow(reason);
  });
});

describe('decoding refuses', () => {
  it.each<[string, Frame, string]>([
    ['no JSON', '{', 'expected JSON'],
    ['depth', `${'['.repeat(30_000)}${']'.repeat(30_000)}`, 'at most 32 deep'],
    ['prototypes', '{"__proto__":{"id":1}}', '__proto__'],
    ['long text', ' '.repeat((1 << 16) + 1), 'at most 65536 bytes'],
    ['an empty binary frame', new Uint8Array(0), '4 bytes or more'],
    ['a header beyond the frame', binary('{}', { headerBytes: 60 }), 'ends at byte 64'],
    ['a header beyond the limit', binary('{}', { headerBytes: 0xffff_fffc }), 'at most 65536'],
    ['an unaligned header', binary('{}', { headerBytes: 3 }), 'multiple of 8 less 4'],
    ['a header that is no UTF-8', binary('{"message":"\u00ff"}', { latin1: true }), 'UTF-8'],
    ['a header with other fields', binary('{"message":1,"arrays":[],"more":1}'), 'expected { message, arrays }'],
    ['an unknown type', binary('{"message":{"$array":0},"arrays":[{"type":"f64","length":0}]}'), 'expected { message'],
    [
      'a negative length',
      binary('{"message":{"$array":0},"arrays":[{"type":"u8","length":-1}]}'),
      'expected { message',
    ],
    [
      'missing bytes',
      binary('{"message":{"$array":0},"arrays":[{"type":"u8","length":9007199254740991}]}'),
      'arrays end',
    ],
    ['left-over bytes', binary('{"message":1,"arrays":[]}', { body: 8 }), 'arrays end at byte'],
    ['an array named twice', binary(named('[{"$array":0},{"$array":0}]'), { body: 8 }), 'named twice'],
    ['an array not named', binary(named('[]'), { body: 8 }), '1 arrays are not named'],
    ['an array that is not there', binary(named('{"$array":1}'), { body: 8 }), 'i below 1'],
    ['a placeholder of text', binary(named('{"$array":"0"}'), { body: 8 }), 'i below 1'],
    ['a placeholder with more in it', binary(named('{"$array":0,"a":1}'), { body: 8 }), 'i below 1'],
    ['a prototype', binary(named('{"__proto__":{"$array":0}}'), { body: 8 }), '__proto__'],
    [
      'many arrays',
      binary(JSON.stringify({ message: 1, arrays: new Array(65).fill({ type: 'u8', length: 0 }) })),
      '64 arrays',
    ],
  ])('%s', (_name, frame, reason) => {
    expect(() => decodeFrame(frame, limits)).toThrow(WireError);
    expect(() => decodeFrame(frame, limits)).toThrow(reason);
  });

  it('any bytes with a WireError, or reads them', () => {
    const mutated = fc
      .tuple(message, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }), fc.nat())
      .map(([value, edits, cut]) => {
        const frame = encodeFrame({ value, data: new Uint8Array(3) }) as Uint8Array<ArrayBuffer>;
        for (const [at, byte] of edits) frame[at % frame.length] = byte;
        return cut % 3 === 0 ? frame.slice(0, cut % frame.length) : frame;
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array(), fc.string(), fc.json()), (frame) => {
        try {
          decodeFrame(frame as Frame, limits);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
      { numRuns: 5000 },
    );
    expect(({} as Record<string, unknown>).id).toBeUndefined();
  });
});

/** The same bytes at any offset of a larger buffer, as sockets hand them over. */
function shifted(frame: Frame, offset: number): Frame {
  if (typeof frame === 'string') return frame;
  const larger = new Uint8Array(frame.length + offset);
  larger.set(frame, offset);
  return larger.subarray(offset);
}

function named(message: string): string {
  return `{"message":${message},"arrays":[{"type":"f32","length":2}]}`;
}

function binary(
  header: string,
  options: { headerBytes?: number; latin1?: boolean; body?: number } = {},
): Uint8Array<ArrayBuffer> {
  const padded = header.padEnd(Math.ceil((header.length + 4) / 8) * 8 - 4, ' ');
  const text = Buffer.from(padded, options.latin1 ? 'latin1' : 'utf8');
  const frame = new Uint8Array(4 + text.length + (options.body ?? 0));
  frame.set(text, 4);
  new DataView(frame.buffer).setUint32(0, options.headerBytes ?? text.length, true);
  return frame;
}
