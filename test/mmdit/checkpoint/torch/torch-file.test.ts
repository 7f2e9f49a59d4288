import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointError } from '../../../../mmdit/checkpoint/checkpoint-error.ts';
import { openTensorFile } from '../../../../mmdit/checkpoint/open-tensor-file.ts';
import { readFloats } from '../../../../mmdit/checkpoint/read-floats.ts';
import type { TensorFile } from '../../../../mmdit/checkpoint/tensor-file.ts';
import { EMPTY_DICT, global, integer, pickle, put, REDUCE, SETITEM, tuple, unicode } from './pickle-writer.ts';
import {
  type DictStyle,
  floatData,
  legacyFile,
  stateDict,
  type TensorStyle,
  type TorchTensorToWrite,
  zipEntries,
  zipFile,
} from './torch-writer.ts';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'torch-'));
  file = path.join(folder, 'x.pth');
});
afterAll(() => rm(folder, { recursive: true }));

async function open(bytes: Uint8Array): Promise<TensorFile> {
  await writeFile(file, bytes);
  return openTensorFile(file);
}

const floats = async (from: TensorFile, name: string) => [...(await readFloats(from.tensor(name)))];

const weight = { name: 'conv.weight', shape: [2, 3], data: floatData([1, 2, 3, 4, 5, 6]) };
const bias = { name: 'conv.bias', shape: [2], data: floatData([-0.5, 0.25]) };
const formats = {
  legacy: legacyFile,
  zip: (tensors: readonly TorchTensorToWrite[], style = {}) => zipFile(zipEntries(tensors, style)),
};
const names = Object.keys(formats) as (keyof typeof formats)[];
const tensorStyles: TensorStyle[] = ['_rebuild_tensor_v2', '_rebuild_tensor', 'set-state', 'parameter'];
const dictStyles: DictStyle[] = ['python3', 'python2', 'dict'];

describe.each(names)('a state dict, %s format', (format) => {
  it.each(tensorStyles.flatMap((tensors) => dictStyles.map((dict) => ({ tensors, dict }))))(
    'gives names, shapes and values however it was pickled: %o',
    async (style) => {
      const opened = await open(formats[format]([weight, bias], style));
      expect(opened.names).toEqual(['conv.weight', 'conv.bias']);
      expect(opened.tensor('conv.weight')).toMatchObject({ dtype: 'F32', shape: [2, 3], byteLength: 24 });
      expect(await floats(opened, 'conv.weight')).toEqual([1, 2, 3, 4, 5, 6]);
      expect(await floats(opened, 'conv.bias')).toEqual([-0.5, 0.25]);
    },
  );

  it('may have tensors share a storage, be narrower, scalar or empty', async () => {
    const shared = { key: 'one', data: floatData([1, 2, 3, 4]) };
    const opened = await open(
      formats[format]([
        { ...shared, name: 'head', shape: [2] },
        { ...shared, name: 'tail', shape: [2, 1], strides: [1, 7], offset: 2 },
        { name: 'half', type: 'Half', shape: [2], data: new Uint8Array(Uint16Array.of(0x3c00, 0xc000).buffer) },
        { name: 'bfloat16', type: 'BFloat16', shape: [], data: new Uint8Array(Uint16Array.of(0x3fc0).buffer) },
        { name: 'empty', shape: [0, 3], data: floatData([]) },
      ]),
    );
    expect(await floats(opened, 'head')).toEqual([1, 2]);
    expect(await floats(opened, 'tail')).toEqual([3, 4]);
    expect(await floats(opened, 'half')).toEqual([1, -2]);
    expect(await floats(opened, 'bfloat16')).toEqual([1.5]);
    expect(await floats(opened, 'empty')).toEqual([]);
  });

  it('refuses what is not there, not row-major, outside of its storage, or of a dtype that weights cannot have', async () => {
    const { data } = weight;
    const opened = await open(
      formats[format]([
        { name: 'turned', shape: [3, 2], strides: [1, 3], data },
        { name: 'spread', shape: [1000, 1000], strides: [0, 0], data },
        { name: 'long', shape: [7], data },
        { name: 'late', shape: [6], offset: 1, data },
        { name: 'vast', shape: [2 ** 30, 2 ** 30], data },
        { name: 'steps', type: 'Long', shape: [3], data },
      ]),
    );
    expect(() => opened.tensor('nothing')).toThrow('has no tensor "nothing"');
    expect(() => opened.tensor('turned')).toThrow('strides [1, 3] is not in row-major order');
    expect(() => opened.tensor('spread')).toThrow('not in row-major order');
    for (const name of ['long', 'late', 'vast'])
      expect(() => opened.tensor(name)).toThrow('the 24 bytes of its storage');
    expect(() => opened.tensor('steps')).toThrow('"steps" is I64; supported are F32, F16 and BF16');
  });

  it('survives any damage: a CheckpointError or tensors, never anything else', async () => {
    const whole = formats[format]([weight, bias], { dict: 'python2' });
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(whole.length), async (bytes, cut) => {
        const damaged = Buffer.from(whole);
        for (const [at, value] of bytes) damaged[at] = value;
        await readAll(damaged.subarray(0, cut % 3 === 0 ? cut : undefined));
      }),
      { numRuns: 1500 },
    );
  });
});

it('survives any bytes behind the start of either format', async () => {
  const starts = [Buffer.from('PK\x03\x04', 'latin1'), legacyFile([]).subarray(0, 40), Buffer.from([0x80, 2])];
  const bytes = fc.tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 400 }));
  await fc.assert(
    fc.asyncProperty(bytes, ([start, rest]) => readAll(Buffer.concat([start, rest]))),
    { numRuns: 1000 },
  );
});

/** Reads whatever is there; passes on everything but a CheckpointError. */
async function readAll(bytes: Uint8Array): Promise<void> {
  try {
    const opened = await open(bytes);
    for (const name of opened.names) await opened.tensor(name).read();
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
  }
}

describe('what a pickle may name', () => {
  const shout = Buffer.concat([global('posix', 'system'), tuple(unicode('touch /tmp/owned')), REDUCE]);

  it.each([
    ['posix.system', shout],
    ['builtins.eval', Buffer.concat([global('builtins', 'eval'), tuple(unicode('1')), REDUCE])],
    ['torchvision.models.alexnet.AlexNet', global('torchvision.models.alexnet', 'AlexNet')],
    ['torch._utils._rebuild_tensor_v3', global('torch._utils', '_rebuild_tensor_v3')],
  ])('is a closed list: %s is refused by name', async (name, state) => {
    const refusal = `its pickle names "${name}", which is refused`;
    await expect(open(legacyFile([], {}, pickle(state)))).rejects.toThrow(refusal);
    await expect(open(zipFile([{ name: 'a/data.pkl', data: pickle(state) }]))).rejects.toThrow(refusal);
  });

  it('is found inside of a state dict, too', async () => {
    const state = pickle(EMPTY_DICT, unicode('hook'), shout, SETITEM);
    await expect(open(legacyFile([], {}, state))).rejects.toThrow('"posix.system"');
  });
});

describe('the top of a checkpoint', () => {
  it('may wrap the state dict with other things', async () => {
    const wrapped = pickle(
      EMPTY_DICT,
      ...[unicode('epoch'), integer(3), SETITEM],
      ...[unicode('state_dict'), stateDict([weight]), SETITEM],
    );
    const opened = await open(legacyFile([weight], {}, wrapped));
    expect(await floats(opened, 'conv.weight')).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('is refused where it holds no tensors, itself included', async () => {
    const endless = pickle(EMPTY_DICT, put(0), unicode('state_dict'), Buffer.from([0x68, 0]), SETITEM);
    await expect(open(legacyFile([], {}, endless))).rejects.toThrow('a dict without tensors');
    await expect(open(legacyFile([], {}, pickle(integer(5))))).rejects.toThrow(
      'its pickle holds 5; expected a state dict',
    );
  });
});

describe('a zip file', () => {
  const entries = zipEntries([weight]);
  const [data, ...others] = entries;

  it.each([
    ['compressed', [{ ...data!, method: 8, uncompressedSize: 2 ** 31 }], 'is compressed or encrypted'],
    ['twice', [data!, data!], 'holds "archive/data.pkl" twice'],
    ['of two archives', [data!, { ...data!, name: 'b/data.pkl' }], 'holds 2 data.pkl; expected one'],
    ['of none', others, 'holds 0 data.pkl'],
    ['of a script', [...entries, { name: 'archive/code/x.py', data: Buffer.from('') }], 'it is a TorchScript program'],
    ['with a path that leaves it', [...entries, { name: '../../x', data: Buffer.from('') }], 'invalid relative path'],
    ['with an absolute path', [...entries, { name: '/etc/x', data: Buffer.from('') }], 'absolute path'],
    ['of another byte order', [{ name: 'archive/byteorder', data: Buffer.from('big') }, data!], 'big-endian'],
  ])('is refused with entries %s', async (_, listed, problem) => {
    await expect(open(zipFile(listed))).rejects.toThrow(problem);
  });

  it('names the storage that is missing', async () => {
    const opened = await open(zipFile(entries.filter(({ name }) => !name.includes('data/'))));
    expect(() => opened.tensor('conv.weight')).toThrow('its storage "storage-of-conv.weight" is not in the file');
  });

  it('is refused where it is cut short or points beyond itself', async () => {
    const whole = zipFile(entries);
    await expect(open(whole.subarray(0, whole.length - 30))).rejects.toThrow('cannot be read as a zip file');
    const pointing = Buffer.from(whole);
    pointing.writeUInt32LE(0xfffffff0, whole.length - 6);
    await expect(open(pointing)).rejects.toThrow('points to byte 4294967280');
  });

  it('is refused where its 64-bit directory lies further than numbers reach', async () => {
    const whole = zipFile(entries);
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50);
    locator.writeBigUInt64LE(0xffff_ffff_ffff_ff00n, 8);
    const end = whole.length - 22;
    const far = Buffer.concat([whole.subarray(0, end), locator, whole.subarray(end)]);
    await expect(open(far)).rejects.toThrow('cannot be read as a zip file');
  });
});

describe('a legacy file', () => {
  it('is refused where it is cut short, or a storage is not as long as its tensors say', async () => {
    const whole = legacyFile([weight, bias]);
    await expect(open(whole.subarray(0, -1))).rejects.toThrow('is truncated: storage "storage-of-conv.bias"');
    const other = Buffer.from(whole);
    other.writeBigInt64LE(7n, whole.length - 24 - 8 - 8 - 8);
    await expect(open(other)).rejects.toThrow('expected 6 elements, found 7');
  });

  it('is refused where its storages are not those of its tensors', async () => {
    const state = pickle(stateDict([weight]));
    await expect(open(legacyFile([bias], {}, state))).rejects.toThrow(
      'lists storage "storage-of-conv.bias", which no tensor',
    );
    const longer = { ...weight, key: 'one' };
    const two = stateDict([longer, { ...longer, name: 'again', data: floatData([1]) }]);
    await expect(open(legacyFile([longer], {}, pickle(two)))).rejects.toThrow('describes storage "one" in two ways');
  });

  it('is refused where it is a pickle of another program, or a page instead of a file', async () => {
    await expect(open(pickle(integer(1)))).rejects.toThrow('its pickle is of another program than torch.save');
    await expect(open(Buffer.from('<!DOCTYPE html><html></html>'))).rejects.toThrow('is a web page, not weights');
    await expect(open(Buffer.from('weights'))).rejects.toThrow('too short for a safetensors file');
  });
});
