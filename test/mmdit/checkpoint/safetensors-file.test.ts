import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
import { readFloats } from '../../../mmdit/checkpoint/read-floats.ts';
import { SafetensorsFile } from '../../../mmdit/checkpoint/safetensors-file.ts';
import { rawSafetensors } from './raw-safetensors.ts';

let file: string;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'safetensors-'));
  file = path.join(folder, 'x.safetensors');
});
afterAll(() => rm(folder, { recursive: true }));

async function open(bytes: Uint8Array): Promise<SafetensorsFile> {
  await writeFile(file, bytes);
  return SafetensorsFile.open(file);
}

/** Empty tensors, so that names alone make the header long. */
function crowd(count: number): object {
  const empty = { dtype: 'F32', shape: [0], data_offsets: [0, 0] };
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`t${n}`, empty]));
}

const a = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
const b = { dtype: 'F16', shape: [2, 2], data_offsets: [8, 16] };

describe('a good file', () => {
  it('gives names, shapes, places and metadata', async () => {
    const opened = await open(rawSafetensors({ __metadata__: { format: 'pt' }, a, b }, 16));
    expect(opened.names).toEqual(['a', 'b']);
    expect(opened.metadata).toEqual({ format: 'pt' });
    expect(opened.tensor('b')).toMatchObject({ dtype: 'F16', shape: [2, 2], byteLength: 8 });
  });

  it('may hold empty tensors and scalars, in any order', async () => {
    const empty = { dtype: 'F32', shape: [0, 7], data_offsets: [8, 8] };
    const scalar = { dtype: 'BF16', shape: [], data_offsets: [8, 10] };
    const opened = await open(rawSafetensors({ scalar, a, empty }, 10));
    expect((await readFloats(opened.tensor('empty'))).length).toBe(0);
    expect((await readFloats(opened.tensor('scalar'))).length).toBe(1);
  });

  it('is read exactly in every dtype', async () => {
    const header = {
      f32: { dtype: 'F32', shape: [1], data_offsets: [0, 4] },
      f16: { dtype: 'F16', shape: [2], data_offsets: [4, 8] },
      bf16: { dtype: 'BF16', shape: [2], data_offsets: [8, 12] },
    };
    const bytes = rawSafetensors(header, 12);
    const at = bytes.length - 12;
    bytes.writeFloatLE(-1.5, at);
    bytes.writeUInt16LE(0x3c01, at + 4); // 1 + 2⁻¹⁰
    bytes.writeUInt16LE(0x0001, at + 6); // the smallest subnormal, 2⁻²⁴
    bytes.writeUInt16LE(0xc0a0, at + 8); // −5
    bytes.writeUInt16LE(0x7f80, at + 10); // ∞
    const opened = await open(bytes);
    expect([...(await readFloats(opened.tensor('f32')))]).toEqual([-1.5]);
    expect([...(await readFloats(opened.tensor('f16')))]).toEqual([1 + 2 ** -10, 2 ** -24]);
    expect([...(await readFloats(opened.tensor('bf16')))]).toEqual([-5, Number.POSITIVE_INFINITY]);
  });
});

describe('a bad file is refused, naming the file and the trouble', () => {
  const duplicate = `{"a":${JSON.stringify(a)},"a":${JSON.stringify(a)}}`;
  it.each<[string, unknown, number, bigint | undefined, string]>([
    ['a header longer than the file', { a }, 8, 1000n, 'claims a header of 1000 bytes'],
    ['a header of 100 TB', { a }, 8, 10n ** 14n, 'claims a header'],
    ['a negative header length', { a }, 8, 2n ** 64n - 1n, 'claims a header'],
    ['text that is no JSON', '{"a":', 8, undefined, 'not JSON'],
    ['an array for a header', [a], 8, undefined, 'must be a JSON object'],
    ['metadata of numbers', { __metadata__: { x: 1 }, a }, 8, undefined, '__metadata__'],
    [
      'offsets that run backwards',
      { a: { ...a, dtype: 'F31', data_offsets: [8, 0] } },
      8,
      undefined,
      'end before they begin',
    ],
    ['a negative length', { a: { ...a, shape: [-2] } }, 8, undefined, '"a"'],
    ['a fraction for a length', { a: { ...a, shape: [1.5] } }, 8, undefined, '"a"'],
    ['lengths whose product overflows', { a: { ...a, shape: [2 ** 40, 2 ** 40] } }, 8, undefined, '"a"'],
    ['a missing field', { a: { dtype: 'F32', shape: [2] } }, 8, undefined, 'data_offsets'],
    ['an extra field', { a: { ...a, sparse: true } }, 8, undefined, '"a"'],
    ['offsets the wrong way round', { a: { ...a, data_offsets: [8, 0] } }, 8, undefined, 'data_offsets give -8'],
    ['offsets that do not fit the shape', { a: { ...a, data_offsets: [0, 4] } }, 4, undefined, 'needs 8 bytes'],
    ['overlapping tensors', { a, b: { ...b, data_offsets: [4, 12] } }, 12, undefined, 'overlaps'],
    ['the same bytes twice', { a, b: { ...b, data_offsets: [0, 8] } }, 8, undefined, 'overlaps'],
    ['a hole', { a, b: { ...b, data_offsets: [12, 20] } }, 20, undefined, 'belong to no tensor'],
    ['a hole at the start', { b }, 16, undefined, 'belong to no tensor'],
    ['bytes left over', { a }, 9, undefined, '1 bytes at the end belong to no tensor'],
    ['a name twice', duplicate, 8, undefined, '2 tensors but only 1'],
    ['data that is cut short', { a, b }, 12, undefined, 'truncated'],
    [
      'a tensor beyond the data',
      { a: { ...a, data_offsets: [0, 8] } },
      4,
      undefined,
      'describes 8 bytes of data, the file holds 4',
    ],
    ['more tensors than any model has', crowd(100_001), 0, undefined, 'names 100001 tensors; at most 100000'],
    ['JSON nested without end', `{"a":${'['.repeat(1e6)}`, 0, undefined, 'nests at most'],
    ['null for a header', 'null', 0, undefined, 'must be a JSON object'],
  ])('%s', async (_, header, dataBytes, claimed, message) => {
    const opened = open(rawSafetensors(header, dataBytes, claimed));
    await expect(opened).rejects.toThrow(CheckpointError);
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toThrow(file);
  });

  it('shorter than a header can be', async () => {
    await expect(open(Buffer.alloc(5))).rejects.toThrow('too short');
  });

  it('missing, or a folder', async () => {
    await expect(SafetensorsFile.open(path.join(folder, 'none'))).rejects.toThrow('is missing');
    await expect(SafetensorsFile.open(folder)).rejects.toThrow('not a regular file');
  });

  it('cut after it was opened', async () => {
    const opened = await open(rawSafetensors({ a, b }, 16));
    await truncate(file, opened.tensor('b').byteOffset + 2);
    await expect(opened.tensor('b').read()).rejects.toThrow('ends inside tensor "b"');
  });

  it('of a dtype that weights cannot have', async () => {
    const opened = await open(rawSafetensors({ a: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, 8));
    expect(() => opened.tensor('a')).toThrow('supported are F32, F16 and BF16');
    expect(() => opened.tensor('z')).toThrow('has no tensor "z"');
  });

  it('whatever byte of the header was damaged: never another kind of error', async () => {
    const good = rawSafetensors({ a, b }, 16);
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 17), fc.nat(255), async (at, value) => {
        const bytes = Buffer.from(good);
        bytes[at] = value;
        await open(bytes).catch((error: unknown) => expect(error).toBeInstanceOf(CheckpointError));
      }),
      { numRuns: 200 },
    );
  });
});
