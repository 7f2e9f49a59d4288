import { stat } from 'node:fs/promises';
import sharp from 'sharp';
import type { ImagePayload, ImageRef } from '../contract.ts';
import { invalidRequest } from './host-errors.ts';
import type { RunLibrary } from './library/run-library.ts';

/** Pictures larger than this are no pictures of ours. */
const MAX_BYTES = 256 * 1024 * 1024;

/** A picture of a run: the file as it is, or a WebP no larger than `maxSize` in width and height. Throws NotFoundError. */
export async function readImage(library: RunLibrary, ref: ImageRef, maxSize: number | null): Promise<ImagePayload> {
  const file = await imageFile(library, ref);
  const picture = sharp(file, { failOn: 'warning' });
  const { width, height, format } = await picture.metadata();
  if (format !== 'png') throw invalidRequest(`file: expected a PNG, found ${format} in "${ref.file}"`);
  if (maxSize === null || Math.max(width, height) <= maxSize) {
    const data = await picture.png().toBuffer();
    return { mediaType: 'image/png', width, height, data: new Uint8Array(data) };
  }
  const resized = picture.resize(maxSize, maxSize, { fit: 'inside' }).webp({ quality: 90 });
  const { data, info } = await resized.toBuffer({ resolveWithObject: true });
  return { mediaType: 'image/webp', width: info.width, height: info.height, data: new Uint8Array(data) };
}

/** The file behind a picture of a run. Throws NotFoundError, InvalidRequestError. */
export async function imageFile(library: RunLibrary, { run, file }: ImageRef): Promise<string> {
  if (!file.toLowerCase().endsWith('.png')) throw invalidRequest(`file: expected a *.png, found "${file}"`);
  const found = await library.file(run, file);
  const { size } = await stat(found);
  if (size > MAX_BYTES) throw invalidRequest(`file: "${file}" is ${size} bytes long; at most ${MAX_BYTES} are read`);
  return found;
}
