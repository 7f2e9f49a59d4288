import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CalibrationFileError } from '../../../calibration/calibration-error.ts';
import { encodeRseTable, readRseTable, tableMetadata, writeRseTable } from '../../../calibration/rse/rse-table-file.ts';
import { CheckpointError } from '../../../mmdit/checkpoint/checkpoint-error.ts';
import { encodeSafetensors } from '../../../mmdit/checkpoint/safetensors-writer.ts';
import { smallTable } from '../small-table.ts';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rse-table-'));
  file = path.join(folder, 'rse.safetensors');
});
afterAll(() => rm(folder, { recursive: true }));

const table = smallTable();
const shape = [3, 2, 4, 4];

async function readChanged(
  metadata: Record<string, string | undefined>,
  data: Float32Array = table.rse,
  dims: readonly number[] = shape,
) {
  const all = Object.entries({ ...tableMetadata(table), ...metadata }).filter(([, value]) => value !== undefined);
  const tensors = [{ name: 'rse', dtype: 'F32', shape: dims, data }] as const;
  await writeFile(file, encodeSafetensors(tensors, Object.fromEntries(all) as Record<string, string>));
  return readRseTable(file);
}

describe('rse.safetensors', () => {
  it('holds a whole table', async () => {
    await writeRseTable(file, table);
    expect(await readRseTable(file)).toEqual(table);
    expect(await readFile(file)).toEqual(encodeRseTable(await readRseTable(file)));
  });

  it('can be read with methods and layers alone, as another program may write it', async () => {
    const others = {
      format: undefined,
      version: undefined,
      model: 'sha256:12',
      sampling: '{"steps":3}',
      search: undefined,
    };
    const read = await readChanged({ ...others, somebody: 'else' });
    expect(read).toMatchObject({ model: null, sampling: null, search: null, steps: 3, heads: 4 });
  });

  it.each([
    ['a newer version', { version: '2' }, /version.*newer/],
    ['no methods', { methods: undefined }, /methods/],
    ['methods that are no JSON', { methods: '[full' }, /"methods": expected JSON/],
    ['an unknown method', { methods: '["full","diagonal","arrow/16","cached"]' }, /field "methods\.1".*arrow\/F/],
    ['a method twice', { methods: '["full","cached","arrow/16","cached"]' }, /distinct/],
    ['fewer layers than the tensor', { layers: '["only"]' }, /\[3, 2, 4, 4\]/],
    ['steps that differ', { sampling: JSON.stringify({ ...table.sampling, steps: 4 }) }, /sampling\.steps.*3.*4/],
    ['too few layouts', { sampling: JSON.stringify({ ...table.sampling, layouts: [] }) }, /layouts/],
    ['a huge token count', { sampling: JSON.stringify({ ...table.sampling, imageTokens: 1e15 }) }, /imageTokens/],
    ['an unknown model family', { model: '{"family":"unet","name":"x","fingerprint":""}' }, /model\.family/],
    ['a negative delta', { search: JSON.stringify({ ...table.search, delta: -1 }) }, /search\.delta/],
  ])('refuses %s', async (_name, metadata, message) => {
    await expect(readChanged(metadata)).rejects.toThrow(message);
    await expect(readChanged(metadata)).rejects.toThrow(CalibrationFileError);
  });

  it('refuses a negative RSE and another shape', async () => {
    const negative = table.rse.slice().fill(-0.25, 40, 41);
    await expect(readChanged({}, negative)).rejects.toThrow(/no negative value, found -0\.25 at 40/);
    await expect(readChanged({}, table.rse, [2, 3, 4, 4])).rejects.toThrow(/F32 \[2, 3, 4, 4\]/);
  });

  it('refuses a truncated file', async () => {
    const bytes = encodeRseTable(table);
    await writeFile(file, bytes.subarray(0, bytes.length - 5));
    await expect(readRseTable(file)).rejects.toThrow(CheckpointError);
  });
});
