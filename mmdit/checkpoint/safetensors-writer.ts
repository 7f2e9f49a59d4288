import { writeWholeFile } from '../files/write-whole-file.ts';
import { DTYPE_BYTES } from './safetensors-header.ts';

export interface TensorToWrite {
  readonly name: string;
  readonly dtype: 'F32' | 'F64' | 'F16' | 'BF16' | 'I64' | 'U8';
  readonly shape: readonly number[];
  /** Of F16 and BF16 the bits. */
  readonly data: Float32Array | Float64Array | Uint16Array | BigInt64Array | Uint8Array;
}

const ALIGNMENT = 8;

/** The bytes of a safetensors file: tensors in the order given, header padded to 8 bytes. Same input, same bytes. */
export function encodeSafetensors(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = {},
): Buffer {
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let position = 0;
  for (const { name, dtype, shape, data } of tensors) {
    const bytes = shape.reduce((product, length) => product * length, DTYPE_BYTES[dtype] ?? Number.NaN);
    if (bytes !== data.byteLength) {
      throw new RangeError(
        `Tensor "${name}": shape [${shape.join(', ')}] of ${dtype} needs ${bytes} bytes, got ${data.byteLength}`,
      );
    }
    if (header[name] !== undefined) throw new RangeError(`Tensor "${name}" is given twice`);
    header[name] = { dtype, shape, data_offsets: [position, position + bytes] };
    position += bytes;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padding = (ALIGNMENT - (json.length % ALIGNMENT)) % ALIGNMENT;
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length + padding));
  const parts = tensors.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  return Buffer.concat([prefix, json, Buffer.alloc(padding, 0x20), ...parts]);
}

/** Readers see the old file or the new one, never a part. Throws FileWriteError. */
export async function writeSafetensors(
  file: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeWholeFile(file, encodeSafetensors(tensors, metadata));
}
