import path from 'node:path';
import { SafetensorsFile } from '../../../mmdit/checkpoint/safetensors-file.ts';

export const GOLDEN = path.join(import.meta.dirname, '../../golden');

/** A float32 tensor of a golden safetensors file. */
export async function goldenFloats(file: string, name: string): Promise<Float32Array> {
  const bytes = await (await SafetensorsFile.open(path.join(GOLDEN, file))).readBytes(name);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** Rows of an int64 tensor [rows, columns]. */
export async function goldenRows(file: string, name: string): Promise<number[][]> {
  const opened = await SafetensorsFile.open(path.join(GOLDEN, file));
  const bytes = await opened.readBytes(name);
  const values = Array.from(new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8), Number);
  const columns = opened.entries.get(name)?.shape[1] ?? values.length;
  return Array.from({ length: values.length / columns }, (_, row) => values.slice(row * columns, (row + 1) * columns));
}

/** ‖actual − expected‖ / ‖expected‖; infinite where the lengths differ. */
export function relativeError(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let error = 0;
  let size = 0;
  for (const [index, value] of expected.entries()) {
    error += (actual[index]! - value) ** 2;
    size += value ** 2;
  }
  return Math.sqrt(error / size);
}
