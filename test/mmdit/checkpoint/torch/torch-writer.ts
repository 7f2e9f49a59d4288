import { crc32 } from 'node:zlib';
import {
  BUILD,
  dict,
  EMPTY_DICT,
  EMPTY_TUPLE,
  FALSE,
  global,
  integer,
  list,
  MARK,
  NONE,
  PERSISTENT,
  pickle,
  REDUCE,
  SETITEM,
  SETITEMS,
  shortString,
  tuple,
  unicode,
} from './pickle-writer.ts';

export interface TorchTensorToWrite {
  readonly name: string;
  readonly shape: readonly number[];
  /** Row-major where absent. */
  readonly strides?: readonly number[];
  /** Elements from the start of its storage. */
  readonly offset?: number;
  /** `Float`, `Half`, `Long` … */
  readonly type?: string;
  /** Name of its storage; tensors of one key share it. Its own where absent. */
  readonly key?: string;
  /** The whole storage, little-endian. */
  readonly data: Uint8Array;
}

/** How a tensor is rebuilt: since torch 0.4, in early 2017, before that. */
export type TensorStyle = '_rebuild_tensor_v2' | '_rebuild_tensor' | 'set-state' | 'parameter';
/** What wrote the state dict: Python 2 hands an OrderedDict its pairs as lists. */
export type DictStyle = 'python3' | 'python2' | 'dict';

export interface TorchStyle {
  readonly tensors?: TensorStyle;
  readonly dict?: DictStyle;
}

const ELEMENT_BYTES: Readonly<Record<string, number>> = { Float: 4, Half: 2, BFloat16: 2, Double: 8, Long: 8, Byte: 1 };

/** Float32 values as a storage. */
export const floatData = (values: ArrayLike<number>): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

/** The pickle of a state dict. */
export function statePickle(tensors: readonly TorchTensorToWrite[], style: TorchStyle = {}): Buffer {
  return pickle(stateDict(tensors, style));
}

/** The same without PROTO and STOP, to be a part of another pickle. */
export function stateDict(
  tensors: readonly TorchTensorToWrite[],
  { dict: kind, tensors: how }: TorchStyle = {},
): Buffer {
  const text = kind === 'python2' ? shortString : unicode;
  const entries = tensors.map((tensor) => ({ name: text(tensor.name), value: rebuilt(tensor, how, text) }));
  const items = entries.flatMap(({ name, value }) => [name, value]);
  if (kind === 'dict') return dict(...items);
  const ordered = global('collections', 'OrderedDict');
  const filled =
    kind === 'python2'
      ? [ordered, tuple(list(...entries.map(({ name, value }) => list(name, value)))), REDUCE]
      : [ordered, EMPTY_TUPLE, REDUCE, MARK, ...items, SETITEMS];
  const metadata = [EMPTY_DICT, text('_metadata'), ordered, EMPTY_TUPLE, REDUCE, SETITEM, BUILD];
  return Buffer.concat([...filled, ...metadata]);
}

function rebuilt(
  tensor: TorchTensorToWrite,
  style: TensorStyle = '_rebuild_tensor_v2',
  text: (value: string) => Buffer,
) {
  const { shape, offset = 0, type = 'Float' } = tensor;
  const strides = tensor.strides ?? rowMajor(shape);
  const id = tuple(
    text('storage'),
    global('torch', `${type}Storage`),
    text(keyOf(tensor)),
    text('cpu'),
    integer(lengthOf(tensor)),
    NONE,
  );
  const storage = Buffer.concat([id, PERSISTENT]);
  const place = [storage, integer(offset), tuple(...shape.map(integer)), tuple(...strides.map(integer))];
  const hooks = Buffer.concat([global('collections', 'OrderedDict'), EMPTY_TUPLE, REDUCE]);
  const v2 = Buffer.concat([global('torch._utils', '_rebuild_tensor_v2'), tuple(...place, FALSE, hooks), REDUCE]);
  switch (style) {
    case 'set-state':
      return Buffer.concat([global('torch', `${type}Tensor`), EMPTY_TUPLE, REDUCE, tuple(...place), BUILD]);
    case '_rebuild_tensor':
      return Buffer.concat([global('torch._utils', '_rebuild_tensor'), tuple(...place), REDUCE]);
    case 'parameter':
      return Buffer.concat([global('torch._utils', '_rebuild_parameter'), tuple(v2, FALSE, hooks), REDUCE]);
    case '_rebuild_tensor_v2':
      return v2;
  }
}

/** torch.save before 1.6. `state`: the fourth pickle, where it is to be another. */
export function legacyFile(tensors: readonly TorchTensorToWrite[], style: TorchStyle = {}, state?: Uint8Array): Buffer {
  const storages = new Map(tensors.map((tensor) => [keyOf(tensor), tensor]));
  const text = style.dict === 'python2' ? shortString : unicode;
  const machine = dict(text('protocol_version'), integer(1001), text('little_endian'), Buffer.from([0x88]));
  const body = [...storages.values()].flatMap((tensor) => {
    const count = Buffer.alloc(8);
    count.writeBigInt64LE(BigInt(lengthOf(tensor)));
    return [count, tensor.data];
  });
  return Buffer.concat([
    pickle(integer(0x1950a86a20f9469cfc6cn)),
    pickle(integer(1001)),
    pickle(machine),
    state ?? statePickle(tensors, style),
    pickle(list(...[...storages.keys()].map(text))),
    ...body,
  ]);
}

export interface ZipEntry {
  readonly name: string;
  readonly data: Uint8Array;
  /** What the headers claim where it is not the truth. */
  readonly method?: number;
  readonly uncompressedSize?: number;
}

/** The entries of a file of torch.save since 1.6. */
export function zipEntries(
  tensors: readonly TorchTensorToWrite[],
  style: TorchStyle = {},
  folder = 'archive',
): ZipEntry[] {
  const storages = new Map(tensors.map((tensor) => [keyOf(tensor), tensor.data]));
  return [
    { name: `${folder}/data.pkl`, data: statePickle(tensors, style) },
    { name: `${folder}/byteorder`, data: Buffer.from('little') },
    ...[...storages].map(([key, data]) => ({ name: `${folder}/data/${key}`, data })),
    { name: `${folder}/version`, data: Buffer.from('3\n') },
  ];
}

const ALIGNMENT = 64;

/** A zip as PyTorch's writer makes it: stored, data at multiples of 64 bytes, sizes in the central directory alone. */
export function zipFile(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let position = 0;
  const push = (...buffers: Buffer[]): void => {
    for (const buffer of buffers) {
      parts.push(buffer);
      position += buffer.length;
    }
  };
  for (const { name, data, method = 0, uncompressedSize = data.length } of entries) {
    const start = position;
    const unpadded = start + 30 + Buffer.byteLength(name) + 4;
    const padding = Buffer.alloc((ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT, 'Z');
    const extra = Buffer.concat([Buffer.from('FB'), uint16(padding.length), padding]);
    const flags = 0x0808;
    const nameBytes = Buffer.from(name);
    push(uint32(0x04034b50), uint16(0, flags, method, 0, 0), uint32(0, 0, 0), uint16(nameBytes.length, extra.length));
    push(nameBytes, extra, Buffer.from(data));
    const crc = crc32(data);
    push(uint32(0x08074b50, crc, data.length, uncompressedSize));
    directory.push(
      Buffer.concat([
        uint32(0x02014b50),
        uint16(0, 0, flags, method, 0, 0),
        uint32(crc, data.length, uncompressedSize),
        uint16(nameBytes.length, 0, 0, 0, 0),
        uint32(0, start),
        nameBytes,
      ]),
    );
  }
  const central = Buffer.concat(directory);
  const end = [
    uint32(0x06054b50),
    uint16(0, 0, entries.length, entries.length),
    uint32(central.length, position),
    uint16(0),
  ];
  return Buffer.concat([...parts, central, ...end]);
}

function keyOf({ name, key }: TorchTensorToWrite): string {
  return key ?? `storage-of-${name}`;
}

function lengthOf({ data, type = 'Float' }: TorchTensorToWrite): number {
  return data.length / ELEMENT_BYTES[type]!;
}

function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
}

function uint16(...values: number[]): Buffer {
  return Buffer.from(Uint16Array.from(values).buffer);
}

function uint32(...values: number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer);
}
