import { describe, expect, it } from 'vitest';
import { SafetensorsFile } from '../../../mmdit/checkpoint/safetensors-file.ts';
import { torchRandn, torchRandnBfloat16 } from '../../../mmdit/random/torch-randn.ts';

const golden = await SafetensorsFile.open('test/golden/torch-randn.safetensors');

describe.each(golden.names)('torch.randn %s', (name) => {
  it('is the same stream, bit for bit', async () => {
    const [dtype, seed] = name.split('.');
    const { shape } = golden.tensor(name);
    const bytes = await golden.readBytes(name);
    const count = shape.reduce((a, b) => a * b, 1);
    const seedValue = BigInt(seed!.replace('seed', ''));
    const actual = dtype === 'f32' ? torchRandn(count, seedValue) : torchRandnBfloat16(count, seedValue);
    const expected = dtype === 'f32' ? new Float32Array(bytes.buffer) : widen(new Uint16Array(bytes.buffer));
    expect(actual).toEqual(expected);
  });
});

function widen(values: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(values, (value) => value << 16).buffer);
}
