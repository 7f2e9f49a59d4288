import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ReadAhead, type StoredRange } from '../../../mmdit/checkpoint/read-ahead.ts';

const MIB = 2 ** 20;

let folder: string;
const content = new Map<string, Buffer>();
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-read-ahead-'));
  for (const [name, megabytes] of [
    ['a', 21],
    ['b', 6],
  ] as const) {
    const file = path.join(folder, name);
    const bytes = Buffer.from(Uint32Array.from({ length: (megabytes * MIB) / 4 }, (_, n) => n * 2654435761).buffer);
    content.set(file, bytes);
    await writeFile(file, bytes);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function range(file: string, byteOffset: number, byteLength: number): StoredRange {
  return { name: `${file}@${byteOffset}`, file: path.join(folder, file), byteOffset, byteLength };
}

async function taken(reader: ReadAhead, wanted: StoredRange): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of reader.take(wanted)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

it('gives every range as it is stored, however long it is and in whatever file', async () => {
  const ranges = [
    range('a', 0, 13 * MIB + 12),
    range('b', 4, 8),
    range('a', 13 * MIB + 12, 4),
    range('a', 20 * MIB, 0),
    range('b', 1000, 5 * MIB),
    range('a', 100, 300),
  ];
  const reader = new ReadAhead(ranges);
  for (const wanted of ranges) {
    const { file, byteOffset, byteLength } = wanted;
    const expected = content.get(file)!.subarray(byteOffset, byteOffset + byteLength);
    expect((await taken(reader, wanted)).equals(expected), wanted.name).toBe(true);
  }
  reader.close();
});

it('reads no more than a few pieces ahead', async () => {
  const ranges = Array.from({ length: 100 }, (_, n) => range('a', n * 1000, 1000));
  const late = range('missing', 0, 8);
  const reader = new ReadAhead([...ranges, late]);
  for (const wanted of ranges.slice(0, 90)) await taken(reader, wanted);
  await writeFile(late.file, '12345678');
  for (const wanted of ranges.slice(90)) await taken(reader, wanted);
  expect((await taken(reader, late)).toString()).toBe('12345678');
  reader.close();
});

it('names file and tensor where the file has become shorter', async () => {
  const file = path.join(folder, 'short');
  await writeFile(file, Buffer.alloc(100));
  const wanted = { ...range('short', 0, 100), name: 'blocks.0.weight' };
  await truncate(file, 60);
  const reader = new ReadAhead([wanted]);
  await expect(taken(reader, wanted)).rejects.toThrow(/short: ends inside tensor "blocks\.0\.weight"/);
  reader.close();
});

it('refuses another order than the one that was announced', async () => {
  const [first, second] = [range('a', 0, 10), range('a', 10, 10)];
  const reader = new ReadAhead([first, second]);
  await expect(taken(reader, second)).rejects.toThrow('was not the next to be read');
  reader.close();
});

it('ends with the reason when its signal fires', async () => {
  const cancelled = new AbortController();
  const wanted = range('a', 0, 21 * MIB);
  const reader = new ReadAhead([wanted], { signal: cancelled.signal });
  const pieces = reader.take(wanted);
  await pieces.next();
  cancelled.abort(new Error('cancelled by the user'));
  await expect(pieces.next()).rejects.toThrow('cancelled by the user');
  reader.close();
});
