import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { differenceImage } from '../../../electron/engine/difference-image.ts';
import { readPng, writePng } from '../../../electron/engine/png.ts';

const WIDTH = 5;
const HEIGHT = 4;
const pixels = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, index) => (index * 37) % 256);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-png-'));
});
afterAll(() => rm(folder, { recursive: true }));

const at = (name: string): string => path.join(folder, name);
const raw = (data: Uint8Array, channels: 1 | 3 | 4) => sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels } });
const withAlpha = (alpha: number): Uint8Array =>
  Uint8Array.from({ length: WIDTH * HEIGHT * 4 }, (_, index) =>
    index % 4 === 3 ? alpha : pixels[Math.floor(index / 4) * 3 + (index % 4)]!,
  );

describe('readPng', () => {
  it('returns what writePng wrote', async () => {
    await writePng(at('rgb.png'), { width: WIDTH, height: HEIGHT, pixels });
    expect(await readPng(at('rgb.png'))).toEqual({ width: WIDTH, height: HEIGHT, pixels });
  });

  it('drops an alpha channel that is opaque everywhere', async () => {
    await raw(withAlpha(255), 4).png().toFile(at('opaque.png'));
    expect((await readPng(at('opaque.png'))).pixels).toEqual(pixels);
  });

  it('converts palettes and greys without loss', async () => {
    const few = pixels.map((value) => (value > 127 ? 255 : 0));
    await raw(few, 3).png({ palette: true }).toFile(at('palette.png'));
    expect((await readPng(at('palette.png'))).pixels).toEqual(few);
    const grey = pixels.slice(0, WIDTH * HEIGHT);
    await raw(grey, 1).toColourspace('b-w').png().toFile(at('grey.png'));
    expect((await readPng(at('grey.png'))).pixels).toEqual(
      Uint8Array.from({ length: pixels.length }, (_, index) => grey[Math.floor(index / 3)]!),
    );
  });

  it('refuses what a conversion would change, and says why', async () => {
    await raw(withAlpha(254), 4).png().toFile(at('glass.png'));
    await expect(readPng(at('glass.png'))).rejects.toThrow(/glass\.png: has transparent pixels/);
    await raw(pixels, 3).toColourspace('rgb16').png().toFile(at('deep.png'));
    await expect(readPng(at('deep.png'))).rejects.toThrow(/deep\.png: has 16 bits per channel/);
    await raw(pixels, 3).jpeg().toFile(at('photo.png'));
    await expect(readPng(at('photo.png'))).rejects.toThrow(/photo\.png: is JPEG, where a PNG is needed/);
  });

  it('refuses more pixels than it reads, by their number', async () => {
    await writePng(at('small.png'), { width: WIDTH, height: HEIGHT, pixels });
    const bytes = await readFile(at('small.png'));
    bytes.writeUInt32BE(16_000, 16);
    bytes.writeUInt32BE(16_000, 20);
    bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
    await writeFile(at('huge.png'), bytes);
    await expect(readPng(at('huge.png'))).rejects.toThrow(
      'huge.png: is a picture of 16000×16000 pixels; at most 67108864 are read, as of 8192×8192',
    );
  });

  it('refuses damaged files', async () => {
    await writeFile(at('empty.png'), '');
    await expect(readPng(at('empty.png'))).rejects.toThrow('empty.png: is empty');
    await writeFile(at('text.png'), 'not a picture');
    await expect(readPng(at('text.png'))).rejects.toThrow(/text\.png: is no PNG/);
    const large = { width: 64, height: 64, pixels: new Uint8Array(64 * 64 * 3).map((_, index) => (index * 31) % 251) };
    await writePng(at('whole.png'), large);
    const bytes = await readFile(at('whole.png'));
    await writeFile(at('cut.png'), bytes.subarray(0, bytes.length / 2));
    await expect(readPng(at('cut.png'))).rejects.toThrow(/cut\.png: ends too early/);
  });
});

describe('differenceImage', () => {
  it('amplifies and cuts at white', () => {
    const a = { width: 1, height: 1, pixels: Uint8Array.of(10, 200, 0) };
    const b = { width: 1, height: 1, pixels: Uint8Array.of(13, 100, 0) };
    expect([...differenceImage(a, b, 8).pixels]).toEqual([24, 255, 0]);
    expect(() => differenceImage(a, { width: 2, height: 1, pixels: new Uint8Array(6) }, 1)).toThrow(RangeError);
  });
});
