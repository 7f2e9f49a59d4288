import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { BoundedCache } from '../../../mmdit/files/bounded-cache.ts';
import { writeWholeFile } from '../../../mmdit/files/write-whole-file.ts';
import type { ImagePayload } from '../../contract.ts';
import { tooManyPixels } from '../../engine/picture-limits.ts';
import { invalidRequest } from '../host-errors.ts';

/** Pictures larger than this are not read. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;
/** Larger ones are made each time. */
const LARGEST_KEPT = 512;
const MEMORY_BYTES = 16 * 1024 * 1024;
const DISK_BYTES = 64 * 1024 * 1024;
/** The folder's size is looked at after so many new files. */
const SWEEP_EVERY = 64;
/** Pictures scaled at once: more would keep the machine from its jobs, and take their memory. */
const AT_ONCE = 2;

// Its cache of decoded pictures would be a second one, of up to 50 MB.
sharp.cache(false);

/** Pictures of runs, scaled. Small ones stay in memory and in the library's own folder, until others take their room. */
export class PictureReader {
  readonly #folder: string;
  readonly #recent = new BoundedCache<ImagePayload>(MEMORY_BYTES, ({ data }) => data.length);
  /** By key, so that several windows that ask for one thumbnail have it made once. */
  readonly #underWay = new Map<string, Promise<ImagePayload>>();
  readonly #waiting: (() => void)[] = [];
  #working = 0;
  #written = 0;

  /** Small pictures are kept in this folder, made when it is needed. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A WebP no larger than `maxSize` in width and height; where it is small enough anyway or for null, a PNG. */
  async read(file: string, maxSize: number | null): Promise<ImagePayload> {
    const { size, mtimeMs, ino } = await stat(file);
    if (size > MAX_FILE_BYTES) {
      throw invalidRequest(`file: ${file} is ${size} bytes long; at most ${MAX_FILE_BYTES} are read`);
    }
    if (maxSize === null || maxSize > LARGEST_KEPT) return this.#inTurn(() => scale(file, maxSize));
    const key = createHash('sha256').update([file, size, mtimeMs, ino, maxSize].join('\n')).digest('hex');
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const made = this.#underWay.get(key) ?? this.#make(key, file, maxSize).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, made);
    return made;
  }

  async #make(key: string, file: string, maxSize: number): Promise<ImagePayload> {
    const stored = path.join(this.#folder, `${key}.webp`);
    const picture = (await readStored(stored)) ?? (await this.#inTurn(() => scale(file, maxSize)));
    this.#recent.set(key, picture);
    if (picture.mediaType === 'image/webp') void this.#store(stored, picture.data);
    return picture;
  }

  /** A full or read-only disk costs nothing but making it again. */
  async #store(file: string, data: Uint8Array): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeWholeFile(file, data);
      this.#written += 1;
      if (this.#written % SWEEP_EVERY === 0) await this.#makeRoom();
    } catch {}
  }

  /** The oldest go. */
  async #makeRoom(): Promise<void> {
    const names = await readdir(this.#folder);
    const files = await Promise.all(
      names.map(async (name) => ({ name, ...(await stat(path.join(this.#folder, name))) })),
    );
    let bytes = files.reduce((sum, { size }) => sum + size, 0);
    for (const { name, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
      if (bytes <= DISK_BYTES) break;
      await unlink(path.join(this.#folder, name));
      bytes -= size;
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#working >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#working += 1;
    try {
      return await work();
    } finally {
      this.#working -= 1;
      this.#waiting.shift()?.();
    }
  }
}

/** null where there is none, or it is damaged. */
async function readStored(file: string): Promise<ImagePayload | null> {
  try {
    const data = await readFile(file);
    const { width, height } = await sharp(data).metadata();
    return { mediaType: 'image/webp', width, height, data: new Uint8Array(data) };
  } catch {
    return null;
  }
}

async function scale(file: string, maxSize: number | null): Promise<ImagePayload> {
  // Our own limit says so by name.
  const picture = sharp(file, { failOn: 'warning', limitInputPixels: false });
  const { width, height, format } = await picture.metadata();
  const tooMany = tooManyPixels({ width, height });
  if (tooMany !== null) throw invalidRequest(`file: ${path.basename(file)} ${tooMany}`);
  if (format !== 'png') throw invalidRequest(`file: expected a PNG, found ${format} in ${path.basename(file)}`);
  if (maxSize === null || Math.max(width, height) <= maxSize) {
    const data = await picture.png().toBuffer();
    return { mediaType: 'image/png', width, height, data: new Uint8Array(data) };
  }
  const resized = picture.resize(maxSize, maxSize, { fit: 'inside' }).webp({ quality: 90 });
  const { data, info } = await resized.toBuffer({ resolveWithObject: true });
  return { mediaType: 'image/webp', width: info.width, height: info.height, data: new Uint8Array(data) };
}
