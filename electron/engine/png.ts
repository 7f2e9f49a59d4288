import { readFile, stat } from 'node:fs/promises';
import sharp, { type Metadata } from 'sharp';
import { type RgbImage, writeWholeFile } from '../../mmdit/index.ts';
import { PictureError } from './picture-error.ts';
import { tooManyPixels } from './picture-limits.ts';

/**
 * The pixels of a PNG as 8-bit RGB. Palettes and greys are converted, which loses nothing; an alpha channel is dropped
 * where every pixel is opaque. Throws PictureError for more pixels than are read, for 16 bits per channel, for real transparency and for any other
 * format: converting those would change what a metric measures.
 */
export async function readPng(file: string): Promise<RgbImage> {
  // Reading a pipe would wait for a writer for ever.
  if (!(await stat(file)).isFile()) throw new PictureError(file, 'is no file');
  const bytes = await readFile(file);
  if (bytes.length === 0) throw new PictureError(file, 'is empty; make it again');
  // Our own limit says so by name.
  const picture = sharp(bytes, { failOn: 'warning', limitInputPixels: false });
  const metadata = await picture.metadata().catch((cause: unknown) => {
    throw new PictureError(file, 'is no PNG that can be read; it may be damaged', { cause });
  });
  refuseUnsuitable(file, metadata);
  const { data, info } = await picture
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw new PictureError(file, 'ends too early or is damaged; make it again', { cause });
    });
  return { width: info.width, height: info.height, pixels: toRgb(file, data, info.channels) };
}

export function encodePng({ width, height, pixels }: RgbImage): Promise<Buffer> {
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** Throws FileWriteError; the file is whole or was not touched. */
export async function writePng(file: string, image: RgbImage): Promise<void> {
  await writeWholeFile(file, await encodePng(image));
}

function refuseUnsuitable(file: string, { format, depth, width, height }: Metadata): void {
  if (format !== 'png') {
    throw new PictureError(file, `is ${format.toUpperCase()}, where a PNG is needed. Convert it without loss first`);
  }
  const tooMany = tooManyPixels({ width, height });
  if (tooMany !== null) throw new PictureError(file, tooMany);
  if (depth !== 'uchar') {
    throw new PictureError(
      file,
      'has 16 bits per channel, where 8 are needed. Convert it first, so that you choose how to round',
    );
  }
}

function toRgb(file: string, data: Buffer, channels: number): Uint8Array {
  if (channels === 3) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const count = data.length / channels;
  const alpha = channels === 2 || channels === 4;
  const pixels = new Uint8Array(count * 3);
  for (let pixel = 0; pixel < count; pixel++) {
    const at = pixel * channels;
    if (alpha && data[at + channels - 1] !== 255) {
      throw new PictureError(file, 'has transparent pixels. Flatten it onto a background first');
    }
    for (let channel = 0; channel < 3; channel++) {
      pixels[pixel * 3 + channel] = data[channels >= 3 ? at + channel : at]!;
    }
  }
  return pixels;
}
