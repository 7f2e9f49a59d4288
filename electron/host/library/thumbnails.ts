import { stat } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';

const SIZE = 160;
const KEPT = 2000;

/** By file and the time of its last change. */
const known = new Map<string, Promise<Uint8Array<ArrayBuffer> | null>>();

/** A small WebP of a run's picture; null where there is none or it cannot be read. */
export async function thumbnailOf(folder: string, file: string | null): Promise<Uint8Array<ArrayBuffer> | null> {
  if (file === null) return null;
  const picture = path.join(folder, file);
  const info = await stat(picture).catch(() => null);
  if (info === null) return null;
  const key = `${picture} ${info.mtimeMs} ${info.size}`;
  const cached = known.get(key);
  if (cached) return cached;
  if (known.size >= KEPT) known.clear();
  const made = makeThumbnail(picture);
  known.set(key, made);
  return made;
}

async function makeThumbnail(file: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const data = await sharp(file).resize(SIZE, SIZE, { fit: 'cover' }).webp({ quality: 80 }).toBuffer();
    return new Uint8Array(data);
  } catch {
    return null;
  }
}
