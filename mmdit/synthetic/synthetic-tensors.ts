import { createHash } from 'node:crypto';
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
  return {
    ...{ name, dtype: 'F32', shape, file: 'synthetic', byteOffset: 0, byteLength: count * 4 },
    ...(shape.length > 1 && { random: matrix }),
    read: async () => {
      const values = shape.length > 1 ? normals(count, matrix) : new Float32Array(count).fill(isNorm(name) ? 1 : 0);
      return new Uint8Array(values.buffer);
    },
  };
}

function isNorm(name: string): boolean {
  return /norm[^.]*\.weight$/.test(name);
}

/** Position tables have hundreds of millions of elements: beyond this they repeat. */
const DISTINCT = 1 << 24;

/** For devices that draw no numbers themselves. splitmix32 and Box–Muller. */
export function normals(count: number, { std, seed }: { readonly std: number; readonly seed: number }): Float32Array {
  if (count > DISTINCT) {
    const part = normals(DISTINCT, { std, seed });
    const whole = new Float32Array(count);
    for (let at = 0; at < count; at += DISTINCT) whole.set(part.subarray(0, count - at), at);
    return whole;
  }
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
  return Float32Array.from(
    { length: count },
    () => std * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}
