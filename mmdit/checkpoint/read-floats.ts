import { convertToFloat32, largeFloats } from '../../native-kernels/index.ts';
import { piecesOf, type TensorSource } from './tensor-source.ts';

/** A stored tensor as float32, row-major. Throws CheckpointError. */
export async function readFloats(source: TensorSource): Promise<Float32Array> {
  const floats = largeFloats(source.shape.reduce((product, length) => product * length, 1));
  await readFloatsInto(floats, source);
  return floats;
}

/** The same, into memory of its length. */
export async function readFloatsInto(floats: Float32Array, source: TensorSource): Promise<void> {
  const bytesPerElement = source.dtype === 'F32' ? 4 : 2;
  let done = 0;
  for await (const piece of piecesOf(source)) {
    const count = piece.byteLength / bytesPerElement;
    await convertToFloat32(piece, source.dtype, floats.subarray(done, done + count));
    done += count;
  }
}
