/** The card beside the CPU device in float32, opened once for a file of tests. */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { CpuDevice } from '../../mmdit/device/cpu-device.ts';
import { CudaDevice } from '../../mmdit/device/cuda/cuda-device.ts';
import type { Device, Tensor } from '../../mmdit/device/device.ts';
import { relativeError } from '../relative-error.ts';
import { bfloat16, randomSource } from './numbers.ts';

/** bf16 keeps 8 bits: half a unit is 2⁻⁹, and inputs, outputs and what lies between are each rounded. */
export const BF16 = 6e-3;
export const FP8 = 5e-2;

export const cpu = await CpuDevice.open();
export const cuda = CudaDevice.open();
export const random = randomSource(20251123);
after(async () => {
  await cuda.close();
  await cpu.close();
});

/** Runs `op` on both devices with the same bf16 inputs, normal with a spread of 1 or its own, and compares what it gives. */
export async function compare(
  shapes: Readonly<Record<string, readonly number[]>>,
  op: (device: Device, tensors: Record<string, Tensor>) => Tensor,
  tolerance = BF16,
  on: CudaDevice = cuda,
  spreads: Readonly<Record<string, number>> = {},
): Promise<void> {
  const values = Object.entries(shapes).map(([name, shape]) => {
    const normals = random.normals(shape.reduce((a, b) => a * b, 1));
    return [name, shape, bfloat16(normals.map((x) => x * (spreads[name] ?? 1)))] as const;
  });
  const results: Float32Array[] = [];
  for (const device of [cpu, on] as const) {
    const tensors = Object.fromEntries(
      values.map(([name, shape, floats]) => [name, device.upload(floats, shape)] as const),
    );
    try {
      const result = op(device, tensors);
      results.push(await device.download(result));
      device.release(result);
    } finally {
      device.release(...Object.values(tensors));
      // What failed in one test is not the next one's failure.
      await device.finish().catch(() => {});
    }
  }
  const [expected, found] = results as [Float32Array, Float32Array];
  const error = relativeError(found, expected);
  assert.ok(error <= tolerance, `relative error ${error} > ${tolerance}`);
}

/** A weight as a checkpoint would hold it. */
export function source(name: string, shape: readonly number[], values: Float32Array) {
  const bytes = new Uint8Array(values.buffer);
  return {
    ...{ name, shape, dtype: 'F32' as const, file: 'memory', byteOffset: 0, byteLength: bytes.byteLength },
    read: async () => bytes,
  };
}
