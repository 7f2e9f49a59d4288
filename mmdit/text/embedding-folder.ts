import { createHash } from 'node:crypto';
import { mkdir, readdir, stat, unlink, utimes } from 'node:fs/promises';
import path from 'node:path';
import { SafetensorsFile } from '../checkpoint/safetensors-file.ts';
import { encodeSafetensors } from '../checkpoint/safetensors-writer.ts';
import { inArrowheadHome } from '../files/arrowhead-home.ts';
import { isTemporaryName, writeWholeFile } from '../files/write-whole-file.ts';
import { type Embedding, embeddingBytes } from './embedding.ts';

const FORMAT = 'arrowhead-embedding';
const VERSION = '1';
const MIB = 1024 * 1024;
/** Of FLUX's embeddings (512 × 4096) 128, of SD3's (333 × 4096) 196. */
const DEFAULT_MIB = 1024;
/** A write takes far less: what is older was left by a process that was killed. */
const ABANDONED_MS = 60 * 60 * 1000;
const ENTRY = /^[0-9a-f]{64}\.safetensors$/;

/** `$ARROWHEAD_CACHE` is no number of MiB. */
export class CacheSizeError extends Error {
  override readonly name = 'CacheSizeError';

  constructor(found: string) {
    super(
      `ARROWHEAD_CACHE is "${found}": expected how many MiB of prompt embeddings to keep on disk, such as ${DEFAULT_MIB}, or 0 for none`,
    );
  }
}

interface Entry {
  readonly file: string;
  readonly bytes: number;
  /** Milliseconds since 1970: a file that is read is touched. */
  readonly lastUsed: number;
}

/**
 * Prompt embeddings on disk, one safetensors file each, named by a hash of all that decides it. Several processes may
 * use a folder at once: files appear whole and are never changed. What was used longest ago goes when it is full.
 */
export class EmbeddingFolder {
  readonly folder: string;
  readonly maxBytes: number;

  constructor(folder: string, maxBytes: number) {
    this.folder = folder;
    this.maxBytes = maxBytes;
  }

  /** The one in Arrowhead's home, of `$ARROWHEAD_CACHE` MiB (0: nothing is kept). Throws CacheSizeError. */
  static inHome(): EmbeddingFolder {
    const setting = process.env.ARROWHEAD_CACHE || String(DEFAULT_MIB);
    if (!/^\d{1,9}$/.test(setting)) throw new CacheSizeError(setting);
    return new EmbeddingFolder(inArrowheadHome('embeddings'), Number(setting) * MIB);
  }

  /** null where there is none of these lengths, or it is damaged. Never throws. */
  async read(key: string, lengths: { readonly context: number; readonly pooled: number }): Promise<Embedding | null> {
    if (this.maxBytes === 0) return null;
    const file = this.#file(key);
    try {
      const stored = await SafetensorsFile.open(file);
      const embedding = {
        context: await readFloats(stored, 'context', lengths.context),
        pooled: await readFloats(stored, 'pooled', lengths.pooled),
      };
      const { format, version, sha256 } = stored.metadata;
      if (format !== FORMAT || version !== VERSION || sha256 !== digest(embedding)) return null;
      const now = new Date();
      await utimes(file, now, now).catch(() => {});
      return embedding;
    } catch {
      // Missing, damaged or out of reach: it is computed, and written anew.
      return null;
    }
  }

  /** Never throws: an embedding that cannot be kept costs nothing but computing it again. */
  async write(key: string, embedding: Embedding): Promise<void> {
    if (embeddingBytes(embedding) > this.maxBytes) return;
    const { context, pooled } = embedding;
    const metadata = { format: FORMAT, version: VERSION, sha256: digest(embedding) };
    const tensors = [
      { name: 'context', dtype: 'F32', shape: [context.length], data: context },
      { name: 'pooled', dtype: 'F32', shape: [pooled.length], data: pooled },
    ] as const;
    try {
      await mkdir(this.folder, { recursive: true });
      await writeWholeFile(this.#file(key), encodeSafetensors(tensors, metadata));
      await this.#makeRoom();
    } catch {
      // A full or read-only disk: the job has its embedding all the same.
    }
  }

  /** What is there; nothing where the folder is missing. */
  async size(): Promise<{ readonly count: number; readonly bytes: number }> {
    const entries = await this.#entries();
    return { count: entries.length, bytes: totalBytes(entries) };
  }

  /** Deletes everything and returns what it was. Throws the system's error for what cannot be deleted. */
  async clear(): Promise<{ readonly count: number; readonly bytes: number }> {
    const entries = await this.#entries();
    for (const { file } of entries) await remove(file);
    await this.#sweep(0);
    return { count: entries.length, bytes: totalBytes(entries) };
  }

  async #makeRoom(): Promise<void> {
    await this.#sweep(ABANDONED_MS);
    const entries = [...(await this.#entries())].sort((a, b) => a.lastUsed - b.lastUsed);
    let bytes = totalBytes(entries);
    for (const entry of entries) {
      if (bytes <= this.maxBytes) break;
      await remove(entry.file);
      bytes -= entry.bytes;
    }
  }

  /** What writes that were cut short left behind, if it is older than this. */
  async #sweep(olderThanMs: number): Promise<void> {
    const abandoned = await this.#files(isTemporaryName);
    for (const { file, lastUsed } of abandoned) if (Date.now() - lastUsed >= olderThanMs) await remove(file);
  }

  #entries(): Promise<readonly Entry[]> {
    return this.#files((name) => ENTRY.test(name));
  }

  async #files(isWanted: (name: string) => boolean): Promise<readonly Entry[]> {
    const names = await readdir(this.folder).catch(() => []);
    const found = await Promise.all(
      names.filter(isWanted).map(async (name) => {
        const file = path.join(this.folder, name);
        // Another process may have taken it away since.
        const info = await stat(file).catch(() => null);
        return info === null ? [] : [{ file, bytes: info.size, lastUsed: info.mtimeMs }];
      }),
    );
    return found.flat();
  }

  #file(key: string): string {
    return path.join(this.folder, `${key}.safetensors`);
  }
}

async function readFloats(stored: SafetensorsFile, name: string, length: number): Promise<Float32Array> {
  const { dtype, shape } = stored.tensor(name);
  if (dtype !== 'F32' || shape.length !== 1 || shape[0] !== length) throw new RangeError(`${name} has another shape`);
  const bytes = await stored.readBytes(name);
  return new Float32Array(bytes.buffer, bytes.byteOffset, length);
}

function digest({ context, pooled }: Embedding): string {
  const hash = createHash('sha256');
  for (const { buffer, byteOffset, byteLength } of [context, pooled]) {
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest('hex');
}

function totalBytes(entries: readonly Entry[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Somebody else may have been quicker. */
async function remove(file: string): Promise<void> {
  await unlink(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
