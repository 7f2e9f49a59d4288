import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type PickleDict,
  PickleError,
  type PickleList,
  type PickleValue,
} from '../../../../mmdit/checkpoint/torch/pickle-value.ts';
import { readPickle } from '../../../../mmdit/checkpoint/torch/read-pickle.ts';
import { torchGlobal, torchStorage } from '../../../../mmdit/checkpoint/torch/torch-values.ts';
import {
  APPENDS,
  BUILD,
  dict,
  EMPTY_LIST,
  EMPTY_TUPLE,
  get,
  global,
  integer,
  list,
  MARK,
  NONE,
  PERSISTENT,
  pickle,
  put,
  REDUCE,
  STOP,
  shortString,
  tuple,
  unicode,
} from './pickle-writer.ts';

const world = { global: torchGlobal, persistent: torchStorage };
const read = (bytes: Uint8Array): PickleValue => readPickle(bytes, 0, world).value;

describe('a pickle of data', () => {
  it.each([0, 255, 256, 65_535, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 40, -(2 ** 40), Number.MAX_SAFE_INTEGER])(
    'holds the integer %d',
    (value) => expect(read(pickle(integer(value)))).toBe(value),
  );

  it('keeps integers that are no exact numbers', () => {
    expect(read(pickle(integer(0x1950a86a20f9469cfc6cn)))).toBe(0x1950a86a20f9469cfc6cn);
  });

  it('holds texts of both Pythons, floats, truth and nothing', () => {
    const half = Buffer.alloc(9, 'G');
    half.writeDoubleBE(-0.5, 1);
    const long = Buffer.concat([Buffer.from('T'), Buffer.from([3, 0, 0, 0]), Buffer.from('abc')]);
    const truth = Buffer.from([0x88]);
    expect(read(pickle(tuple(unicode('Ä'), shortString('b'), long, half, truth, NONE)))).toEqual([
      'Ä',
      'b',
      'abc',
      -0.5,
      true,
      null,
    ]);
  });

  it('holds lists and dicts, and knows what it was given before', () => {
    const value = read(pickle(list(integer(1), put(0), dict(unicode('again'), get(0)))));
    const [one, inner] = (value as PickleList).items;
    expect(one).toBe(1);
    expect([...(inner as PickleDict).entries]).toEqual([['again', 1]]);
  });

  it('ends where it says, so that another can follow', () => {
    const first = pickle(integer(1));
    const both = Buffer.concat([first, pickle(integer(2))]);
    expect(readPickle(both, 0, world)).toEqual({ value: 1, end: first.length });
    expect(readPickle(both, first.length, world).value).toBe(2);
  });
});

describe('a pickle that is refused', () => {
  it.each<[string, Uint8Array, string]>([
    ['of another protocol', Buffer.from([0x80, 4, 0x4e, 0x2e]), 'protocol 4; expected 2'],
    ['of protocol 0', Buffer.from('cposix\nsystem\n(S"x"\ntR.'), '"posix.system"'],
    [
      'that instantiates by name',
      pickle(Buffer.from('(iposix\nsystem\n')),
      'opcode 0x69 ("i") at byte 3, which is refused',
    ],
    [
      'that takes a global from its stack',
      pickle(unicode('posix'), unicode('system'), Buffer.from([0x93])),
      'opcode 0x93',
    ],
    ['that ends early', pickle(unicode('abc')).subarray(0, 6), 'ends too early'],
    ['without an end', Buffer.from([0x80, 2, 0x4e]), 'ends too early'],
    ['with nothing', Buffer.concat([Buffer.from([0x80, 2]), STOP]), 'takes more from its stack'],
    ['with values left over', pickle(NONE, NONE), 'ends with values left over'],
    ['with a mark left over', pickle(NONE, MARK, NONE), 'ends with values left over'],
    ['that takes what lies below its mark', pickle(NONE, MARK, REDUCE), 'takes more from its stack'],
    ['that goes back to no mark', pickle(NONE, APPENDS), 'a mark that it never set'],
    ['that recalls what it never kept', pickle(get(7)), 'entry 7 of its memo'],
    ['that appends to a tuple', pickle(EMPTY_TUPLE, MARK, NONE, APPENDS), 'appends to what is no list'],
    ['with a key alone', pickle(dict(unicode('a'))), 'an item without a value'],
    ['that calls a number', pickle(integer(1), EMPTY_TUPLE, REDUCE), 'calls what is no global'],
    ['that calls a type', pickle(global('torch', 'FloatStorage'), EMPTY_TUPLE, REDUCE), 'calls torch.FloatStorage'],
    ['that sets the state of a list', pickle(EMPTY_LIST, NONE, BUILD), 'the state of a plain value'],
    ['that refers outside', pickle(tuple(unicode('module')), PERSISTENT), 'refers to a tuple of 1 outside of it'],
    [
      'with a tensor of nothing',
      pickle(global('torch._utils', '_rebuild_tensor'), EMPTY_TUPLE, REDUCE),
      'where a storage is needed',
    ],
    ['with an endless name', pickle(Buffer.from(`c${'a'.repeat(1000)}`)), 'more than 256 bytes'],
  ])('%s', (_, bytes, problem) => {
    expect(() => read(bytes)).toThrow(problem);
    expect(() => read(bytes)).toThrow(PickleError);
  });

  it('because it has too many values', () => {
    expect(() => read(pickle(Buffer.alloc(1_000_001, NONE)))).toThrow('more than 1000000 values');
  });
});

it('cannot be made to hold more than it is long', () => {
  // A list of pairs, kept, and then made into a dict over and over.
  const pairs = list(...Array.from({ length: 2000 }, (_, n) => tuple(integer(n), NONE)));
  const call = Buffer.concat([global('collections', 'OrderedDict'), get(0), REDUCE]);
  const bytes = pickle(tuple(pairs), put(0), list(...Array.from({ length: 2000 }, () => call)), Buffer.from([0x86]));
  const [, dicts] = read(bytes) as [PickleValue, PickleList];
  const sizes = dicts.items.map((made) => (made as PickleDict).entries.size);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(2000);
});

it('survives any opcodes', () => {
  const opcodes = Buffer.from('N(JKMGUTX)t]ae}suqrhjcRbQ.\x80\x88\x89\x8a\x81\x85\x86\x87', 'latin1');
  const piece = fc.oneof(
    fc.constantFrom(...opcodes).map((opcode) => Buffer.from([opcode])),
    fc.constantFrom(EMPTY_TUPLE, global('torch._utils', '_rebuild_tensor_v2'), global('collections', 'OrderedDict')),
    fc.uint8Array({ maxLength: 6 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      try {
        read(Buffer.concat([...pieces, STOP]));
      } catch (error) {
        expect(error).toBeInstanceOf(PickleError);
      }
    }),
    { numRuns: 5000 },
  );
});
