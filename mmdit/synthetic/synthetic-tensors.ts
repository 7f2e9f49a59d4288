import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { TensorSource } from '../checkpoint/tensor-source.ts';

/** What makes a synthetic checkpoint's weights: the same seed, the same weights on a device. */
export interface Synthetic {
  readonly seed: number;
}

/** A 48-bit number from a seed and a name. */
export function seedOf(seed: number, name: string): number {
  return createHash('sha256').update(`${seed} ${name}`).digest().readUIntBE(0, 6);
}

/**
 * A weight that no file holds. Matrices are normal with variance 1/inputs, so that a product keeps its input's scale, and
 * are made by the device itself; biases are 0, norms' weights 1.
 */
export function syntheticTensor(name: string, shape: readonly number[], { seed }: Synthetic): TensorSource {
  const count = shape.reduce((product, length) => product * length, 1);
  const inputs = shape.slice(1).reduce((product, length) => product * length, 1);
  const matrix = { std: 1 / Math.sqrt(inputs), seed: seedOf(seed, name) };
  const place = { name, dtype: 'F32', shape, file: 'synthetic', byteOffset: 0, byteLength: count * 4 } as const;
  if (shape.length > 1) {
    const read = async () => new Uint8Array(normals(count, matrix).buffer);
    return { ...place, random: matrix, read, pieces: () => piecesOfNormals(count, matrix) };
  }
  return { ...place, read: async () => new Uint8Array(new Float32Array(count).fill(isNorm(name) ? 1 : 0).buffer) };
}

function isNorm(name: string): boolean {
  return /norm[^.]*\.weight$/.test(name);
}

/** Position tables have hundreds of millions of elements: beyond this they repeat. */
const DISTINCT = 1 << 24;

/** Elements made before other events have their turn. */
const PIECE = 1 << 18;

interface Normal {
  readonly std: number;
  readonly seed: number;
}

/** For devices that draw no numbers themselves. */
export function normals(count: number, normal: Normal): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count);
  new NormalStream(normal).fill(values);
  return values;
}

async function* piecesOfNormals(count: number, normal: Normal): AsyncGenerator<Uint8Array> {
  const stream = new NormalStream(normal);
  const values = new Float32Array(Math.min(count, PIECE));
  for (let done = 0; done < count; done += PIECE) {
    const part = values.subarray(0, Math.min(PIECE, count - done));
    stream.fill(part);
    yield new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
    await setImmediate();
  }
}

/** splitmix32 and Box–Muller. */
class NormalStream {
  readonly #std: number;
  readonly #seed: number;
  #state: number;
  #drawn = 0;

  constructor({ std, seed }: Normal) {
    this.#std = std;
    this.#seed = seed;
    this.#state = seed >>> 0;
  }

  /** With the numbers that follow. */
  fill(values: Float32Array): void {
    for (let at = 0; at < values.length; at++) {
      if (this.#drawn++ % DISTINCT === 0) this.#state = this.#seed >>> 0;
      const radius = Math.sqrt(-2 * Math.log(1 - this.#uniform()));
      values[at] = this.#std * radius * Math.cos(2 * Math.PI * this.#uniform());
    }
  }

  #uniform(): number {
    const state = (this.#state + 0x9e3779b9) >>> 0;
    this.#state = state;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  }
}
