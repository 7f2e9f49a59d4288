import { expect, test } from 'vitest';
import { convertToFloat32, KernelArgumentError } from '../../native-kernels/index.ts';

/** Every 16-bit pattern, little-endian. */
function allPatterns(): Uint8Array {
  const bytes = new Uint8Array(2 * 65536);
  const view = new DataView(bytes.buffer);
  for (let pattern = 0; pattern < 65536; pattern++) view.setUint16(2 * pattern, pattern, true);
  return bytes;
}

function halfValue(pattern: number): number {
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >> 10) & 31;
  const mantissa = pattern & 1023;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + mantissa / 1024) : 2 ** -14 * (mantissa / 1024));
}

test('every float16', async () => {
  const out = await convertToFloat32(allPatterns(), 'F16');
  for (let pattern = 0; pattern < 65536; pattern++)
    if (!Object.is(out[pattern], halfValue(pattern))) expect.fail(`0x${pattern.toString(16)} became ${out[pattern]}`);
});

test('every bfloat16 is the upper half of a float32', async () => {
  const out = await convertToFloat32(allPatterns(), 'BF16');
  const bits = new Uint32Array(out.buffer);
  for (let pattern = 0; pattern < 65536; pattern++)
    if (bits[pattern] !== pattern * 65536)
      expect.fail(`0x${pattern.toString(16)} became 0x${bits[pattern]!.toString(16)}`);
});

test('float32 bits pass unchanged, from an odd address too', async () => {
  const values = Float32Array.of(0, -0, 1e-42, Number.POSITIVE_INFINITY, 3.5);
  const bytes = new Uint8Array(values.byteLength + 3);
  bytes.set(new Uint8Array(values.buffer), 3);
  expect(await convertToFloat32(bytes.subarray(3), 'F32')).toEqual(values);
});

test('16-bit values at an odd address', async () => {
  const bytes = Uint8Array.of(9, 0x80, 0x3f, 0x00, 0xc0);
  expect(await convertToFloat32(bytes.subarray(1), 'BF16')).toEqual(Float32Array.of(1, -2));
});

test('more values than one task takes', async () => {
  const bytes = new Uint8Array(2 * 200_001);
  bytes.fill(0x3c, -1);
  const out = await convertToFloat32(bytes, 'F16');
  expect([out.length, out.at(-1), out.at(-2)]).toEqual([200_001, 1, 0]);
});

test('nothing', async () => {
  expect(await convertToFloat32(new Uint8Array(0), 'F16')).toEqual(new Float32Array(0));
});

test('refuses what it can not convert', async () => {
  await expect(convertToFloat32(new Uint8Array(3), 'BF16')).rejects.toThrow(KernelArgumentError);
  await expect(convertToFloat32(new Uint8Array(4), 'I8' as 'F32')).rejects.toThrow(
    /"dtype": expected F32, F16 or BF16, found I8/,
  );
  await expect(convertToFloat32(new Uint8Array(8), 'F32', new Float32Array(1))).rejects.toThrow(
    /"out": expected at least 2 elements, found 1/,
  );
});
