import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { encodeSafetensors } from '../../../mmdit/checkpoint/safetensors-writer.ts';
import { CacheSizeError, EmbeddingFolder } from '../../../mmdit/text/embedding-folder.ts';
import { temporaryFolder } from '../onnx/rewritten-component.ts';
import { entryBytes, keyOf, LENGTHS, exampleOf } from './example-embeddings.ts';

const GIB = 2 ** 30;
const fileOf = (folder: EmbeddingFolder, seed: number) => path.join(folder.folder, `${keyOf(seed)}.safetensors`);

async function openFolder(maxBytes = GIB): Promise<EmbeddingFolder> {
  return new EmbeddingFolder(path.join(await temporaryFolder(), 'home', 'embeddings'), maxBytes);
}

test('keeps every bit, for whoever opens the folder next', async () => {
  const folder = await openFolder();
  expect(await folder.read(keyOf(1), LENGTHS)).toBeNull();
  await folder.write(keyOf(1), exampleOf(1));
  expect(await new EmbeddingFolder(folder.folder, GIB).read(keyOf(1), LENGTHS)).toEqual(exampleOf(1));
  expect(await folder.read(keyOf(2), LENGTHS)).toBeNull();
  expect(await folder.read(keyOf(1), { ...LENGTHS, pooled: 21 })).toBeNull();
  expect(await folder.size()).toEqual({ count: 1, bytes: expect.any(Number) });
  expect((await folder.size()).bytes).toBeLessThanOrEqual(entryBytes);
});

describe('a damaged file is missing, and is written anew', () => {
  const flipped = async (file: string) => {
    const bytes = await readFile(file);
    bytes[bytes.length - 5]! ^= 1;
    await writeFile(file, bytes);
  };
  test.each<[string, (file: string) => Promise<void>]>([
    ['cut short', (file) => truncate(file, 500)],
    ['empty', (file) => truncate(file, 0)],
    ['one bit changed', flipped],
    ['another file', (file) => writeFile(file, 'not a safetensors file at all')],
    ['other tensors', (file) => writeFile(file, encodeSafetensors([]))],
  ])('%s', async (_, damage) => {
    const folder = await openFolder();
    await folder.write(keyOf(1), exampleOf(1));
    await damage(fileOf(folder, 1));
    expect(await folder.read(keyOf(1), LENGTHS)).toBeNull();
    await folder.write(keyOf(1), exampleOf(1));
    expect(await folder.read(keyOf(1), LENGTHS)).toEqual(exampleOf(1));
  });
});

test('drops what was used longest ago, and nothing that is not its own', async () => {
  const folder = await openFolder(3 * entryBytes);
  const long = Date.now() / 1000 - 1000;
  for (const seed of [1, 2, 3]) {
    await folder.write(keyOf(seed), exampleOf(seed));
    await utimes(fileOf(folder, seed), long + seed, long + seed);
  }
  await writeFile(path.join(folder.folder, 'notes.txt'), 'x'.repeat(10 * entryBytes));
  const abandoned = path.join(folder.folder, '.x.safetensors.1-1.tmp');
  await writeFile(abandoned, 'half');
  await utimes(abandoned, long - 10_000, long - 10_000);

  await folder.read(keyOf(1), LENGTHS);
  await folder.write(keyOf(4), exampleOf(4));
  expect(await folder.read(keyOf(2), LENGTHS)).toBeNull();
  for (const seed of [1, 3, 4]) expect(await folder.read(keyOf(seed), LENGTHS), `${seed}`).not.toBeNull();
  expect(await readdir(folder.folder)).toHaveLength(4);

  expect((await folder.clear()).count).toBe(3);
  expect(await readdir(folder.folder)).toEqual(['notes.txt']);
  expect(await folder.size()).toEqual({ count: 0, bytes: 0 });
});

test('what is larger than the folder may be is not written', async () => {
  const folder = await openFolder(1000);
  await folder.write(keyOf(1), exampleOf(1));
  expect(await folder.size()).toEqual({ count: 0, bytes: 0 });
});

test('a folder that cannot be made, written or read costs nothing', async () => {
  const file = path.join(await temporaryFolder(), 'file');
  await writeFile(file, '');
  const folder = new EmbeddingFolder(path.join(file, 'embeddings'), GIB);
  await folder.write(keyOf(1), exampleOf(1));
  expect(await folder.read(keyOf(1), LENGTHS)).toBeNull();
  expect(await folder.clear()).toEqual({ count: 0, bytes: 0 });
});

test('processes at work in one folder do not trip each other', async () => {
  const folder = await openFolder(4 * entryBytes);
  const script = path.join(import.meta.dirname, 'embedding-folder-child.ts');
  const children = [1, 2, 3].map(() =>
    spawn(process.execPath, [script, folder.folder, '40'], { stdio: ['ignore', 'ignore', 'inherit'] }),
  );
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as number));
  expect(codes).toEqual([0, 0, 0]);
  const { count, bytes } = await folder.size();
  expect(count).toBeGreaterThan(0);
  expect(bytes).toBeLessThanOrEqual(folder.maxBytes);
  expect((await readdir(folder.folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

describe('$ARROWHEAD_CACHE', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('says how much is kept', () => {
    vi.stubEnv('ARROWHEAD_HOME', '/somewhere');
    vi.stubEnv('ARROWHEAD_CACHE', '16');
    expect(EmbeddingFolder.inHome()).toMatchObject({ folder: '/somewhere/embeddings', maxBytes: 16 * 2 ** 20 });
    vi.stubEnv('ARROWHEAD_CACHE', '');
    expect(EmbeddingFolder.inHome().maxBytes).toBe(2 ** 30);
    vi.stubEnv('ARROWHEAD_CACHE', 'a lot');
    expect(() => EmbeddingFolder.inHome()).toThrow(CacheSizeError);
    expect(() => EmbeddingFolder.inHome()).toThrow(/ARROWHEAD_CACHE is "a lot": expected how many MiB/);
  });

  test('0 keeps nothing and reads nothing', async () => {
    const folder = await openFolder();
    await folder.write(keyOf(1), exampleOf(1));
    const off = new EmbeddingFolder(folder.folder, 0);
    expect(await off.read(keyOf(1), LENGTHS)).toBeNull();
    await off.write(keyOf(2), exampleOf(2));
    expect((await folder.size()).count).toBe(1);
  });
});
