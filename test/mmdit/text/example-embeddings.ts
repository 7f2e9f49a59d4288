import { createHash } from 'node:crypto';
import type { Embedding } from '../../../mmdit/text/embedding.ts';

export const LENGTHS = { context: 3000, pooled: 20 };
/** A little more than a file of them takes. */
export const entryBytes = 4 * (LENGTHS.context + LENGTHS.pooled) + 400;

export function keyOf(seed: number): string {
  return createHash('sha256').update(String(seed)).digest('hex');
}

export function exampleOf(seed: number): Embedding {
  return {
    context: Float32Array.from({ length: LENGTHS.context }, (_, at) => Math.fround(seed + at / 7)),
    pooled: Float32Array.from({ length: LENGTHS.pooled }, (_, at) => -seed - at),
  };
}
