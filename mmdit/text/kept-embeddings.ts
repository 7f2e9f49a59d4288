import { createHash } from 'node:crypto';
import { type Embedding, embeddingBytes } from './embedding.ts';
import { BoundedCache } from '../files/bounded-cache.ts';
import { EmbeddingError } from './embedding-error.ts';
import type { EmbeddingFolder } from './embedding-folder.ts';

const RECENT_BYTES = 256 * 1024 * 1024;

/** Token ids of one text, by tokenizer. What tokenizers do shows here, so that nothing else need be known of them. */
export type TokenIds = readonly (readonly number[])[];

/** Embeddings that need not be computed again: of this process in memory, of others on disk. */
export class KeptEmbeddings {
  readonly #recent = new BoundedCache<Embedding>(RECENT_BYTES, embeddingBytes);
  readonly #folder: EmbeddingFolder;
  readonly #lengths: { readonly context: number; readonly pooled: number };
  readonly #identify: () => Promise<string>;
  #identity: Promise<string> | null = null;

  /** `identify`: all that decides an embedding beside the ids, weights and the arithmetic of this machine included. */
  constructor(
    folder: EmbeddingFolder,
    lengths: { readonly context: number; readonly pooled: number },
    identify: () => Promise<string>,
  ) {
    this.#folder = folder;
    this.#lengths = lengths;
    this.#identify = identify;
  }

  /** The embedding of these ids, computed where it is not known. Throws what `compute` throws. */
  async get(ids: TokenIds, compute: () => Promise<Embedding>): Promise<Embedding> {
    const text = JSON.stringify(ids);
    const embedding = this.#recent.get(text) ?? (await this.#beyondMemory(text, compute));
    this.#recent.set(text, embedding);
    return embedding;
  }

  clear(): void {
    this.#recent.clear();
  }

  async #beyondMemory(text: string, compute: () => Promise<Embedding>): Promise<Embedding> {
    if (this.#folder.maxBytes === 0) return sound(await compute());
    this.#identity ??= this.#identify();
    const key = createHash('sha256')
      .update(`${await this.#identity}\n${text}`)
      .digest('hex');
    const stored = await this.#folder.read(key, this.#lengths);
    if (stored !== null) return stored;
    const computed = sound(await compute());
    await this.#folder.write(key, computed);
    return computed;
  }
}

/** Throws EmbeddingError: the transformer would be blamed for it, and it would be kept on disk. */
function sound(embedding: Embedding): Embedding {
  for (const [name, values] of Object.entries({ context: embedding.context, pooled: embedding.pooled })) {
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) throw new EmbeddingError(name, values[at]!, at, values.length);
  }
  return embedding;
}
