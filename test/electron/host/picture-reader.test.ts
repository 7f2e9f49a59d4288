import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PictureReader } from '../../../electron/host/library/picture-reader.ts';

let folder: string;
let thumbnails: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-pictures-'));
  thumbnails = path.join(folder, 'thumbnails');
  file = path.join(folder, 'a.png');
  await draw('red');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function draw(background: string): Promise<void> {
  const create = { width: 400, height: 200, channels: 3, background } as const;
  await writeFile(file, await sharp({ create }).png().toBuffer());
}

const storedNames = () => readdir(thumbnails).catch(() => []);

async function colourOf(data: Uint8Array): Promise<string> {
  const { channels } = await sharp(data).stats();
  return channels.map(({ mean }) => (mean > 128 ? '1' : '0')).join('');
}

test('a thumbnail is made once for all who ask, and found on disk after a restart', async () => {
  const reader = new PictureReader(thumbnails);
  const [a, b] = await Promise.all([reader.read(file, 100), reader.read(file, 100)]);
  expect(b).toBe(a);
  expect(a).toMatchObject({ mediaType: 'image/webp', width: 100, height: 50 });
  expect(await reader.read(file, 100)).toBe(a);
  await vi.waitFor(async () => expect(await storedNames()).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.webp$/)]));
  const [name] = await storedNames();
  // Another picture in its place shows that it is read.
  await sharp({ create: { width: 9, height: 9, channels: 3, background: 'blue' } }).toFile(
    path.join(thumbnails, name!),
  );
  expect(await new PictureReader(thumbnails).read(file, 100)).toMatchObject({ width: 9 });
  await writeFile(path.join(thumbnails, name!), 'damaged');
  expect(await new PictureReader(thumbnails).read(file, 100)).toMatchObject({ width: 100 });
});

test('a picture that has changed gets a new one', async () => {
  const reader = new PictureReader(thumbnails);
  expect(await colourOf((await reader.read(file, 100)).data)).toBe('100');
  await draw('lime');
  expect(await colourOf((await reader.read(file, 100)).data)).toBe('010');
});

test('where nothing can be kept, thumbnails are made all the same', async () => {
  await writeFile(thumbnails, 'a file in the place of the folder');
  expect(await new PictureReader(thumbnails).read(file, 100)).toMatchObject({ width: 100 });
});

test('what is small enough comes as it is, and what is no PNG not at all', async () => {
  const reader = new PictureReader(thumbnails);
  expect(await reader.read(file, 400)).toMatchObject({ mediaType: 'image/png', width: 400 });
  expect(await reader.read(file, null)).toMatchObject({ mediaType: 'image/png', width: 400 });
  await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } })
    .jpeg()
    .toFile(file);
  await expect(reader.read(file, null)).rejects.toMatchObject({ message: 'file: expected a PNG, found jpeg in a.png' });
});
