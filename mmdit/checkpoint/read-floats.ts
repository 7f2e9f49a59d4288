import { convertToFloat32 } from '../../native-kernels/index.ts';
import type { TensorSource } from './tensor-source.ts';

/** A stored tensor as float32, row-major. Throws CheckpointError. */
export async function readFloats(source: TensorSource): Promise<Float32Array> {
  return convertToFloat32(await source.read(), source.dtype);
}
