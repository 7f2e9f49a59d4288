import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFloats } from '../../../mmdit/checkpoint/read-floats.ts';
import { SafetensorsFile } from '../../../mmdit/checkpoint/safetensors-file.ts';
import { encodeSafetensors, writeSafetensors } from '../../../mmdit/checkpoint/safetensors-writer.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'writer-'));
});
afterAll(() => rm(folder, { recursive: true }));

const rse = { name: 'rse', dtype: 'F32', shape: [1, 3], data: Float32Array.of(0.25, Number.NaN, 3) } as const;
const bytes = { name: 'bytes', dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) } as const;

describe('writeSafetensors', () => {
  it('writes what the reader reads, and leaves nothing else behind', async () => {
    const file = path.join(folder, 'x.safetensors');
    await writeSafetensors(file, [rse, bytes], { methods: '["full"]' });
    const opened = await SafetensorsFile.open(file);
    expect(opened.metadata).toEqual({ methods: '["full"]' });
    expect(await readFloats(opened.tensor('rse'))).toEqual(rse.data);
    expect(await opened.readBytes('bytes')).toEqual(bytes.data);
    expect(await readdir(folder)).toEqual(['x.safetensors']);
  });

  it('takes views into larger arrays', async () => {
    const file = path.join(folder, 'view.safetensors');
    const data = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
    await writeSafetensors(file, [{ name: 'v', dtype: 'F32', shape: [2], data }]);
    expect([...(await readFloats((await SafetensorsFile.open(file)).tensor('v')))]).toEqual([1, 2]);
  });

  it('puts the data on an 8-byte boundary and gives the same bytes each time', () => {
    const encoded = encodeSafetensors([rse]);
    expect((8 + Number(encoded.readBigUInt64LE())) % 8).toBe(0);
    expect(encodeSafetensors([rse]).equals(encoded)).toBe(true);
  });

  it('refuses a wrong shape and a name given twice', () => {
    expect(() => encodeSafetensors([{ ...rse, shape: [4] }])).toThrow('needs 16 bytes, got 12');
    expect(() => encodeSafetensors([rse, rse])).toThrow('given twice');
  });
});
