import { PickleDict, PickleError, PickleList, PickleObject, type PickleValue } from './pickle-value.ts';

/** What torch.save writes; PyTorch's own safe reader takes no other. */
const PROTOCOL = 2;
/** On the stack and in the memo together: a state dict has some fifty for every tensor. */
const MAX_VALUES = 1_000_000;
const MAX_NAME_BYTES = 256;

/** The world outside of a pickle: the only way in which it reaches anything. */
export interface PickleWorld {
  /** Throws PickleError for every name that is not on the world's list. */
  global(module: string, name: string): PickleObject;
  /** Throws PickleError for ids that it does not know. */
  persistent(id: PickleValue): PickleValue;
}

/**
 * Interprets one pickle from `start` on as data: a closed list of opcodes that build numbers, strings, tuples, lists and
 * dicts, and calls of what `world` lists. Nothing is looked up, imported or run. Throws PickleError.
 */
export function readPickle(
  bytes: Uint8Array,
  start: number,
  world: PickleWorld,
): { readonly value: PickleValue; readonly end: number } {
  const reader = new PickleReader(bytes, start, world);
  return { value: reader.read(), end: reader.position };
}

class PickleReader {
  position: number;
  readonly #bytes: Buffer;
  readonly #world: PickleWorld;
  readonly #stack: PickleValue[] = [];
  /** Heights of the stack; what lies below the last one is out of reach until that mark is taken. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();

  constructor(bytes: Uint8Array, start: number, world: PickleWorld) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = start;
    this.#world = world;
  }

  read(): PickleValue {
    for (;;) {
      const at = this.position;
      const opcode = this.byte();
      if (opcode === STOP) {
        const value = this.#pop();
        if (this.#stack.length > 0 || this.#marks.length > 0) throw new PickleError('ends with values left over');
        return value;
      }
      const run = OPCODES.get(opcode);
      if (run === undefined) throw new PickleError(`has opcode ${showOpcode(opcode)} at byte ${at}, which is refused`);
      run(this);
      if (this.#stack.length + this.#marks.length + this.#memo.size > MAX_VALUES) {
        throw new PickleError(`has more than ${MAX_VALUES} values`);
      }
    }
  }

  protocol(): void {
    const version = this.byte();
    if (version === PROTOCOL) return;
    throw new PickleError(`is of protocol ${version}; expected ${PROTOCOL}, as torch.save writes by default`);
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  byte(): number {
    const value = this.#bytes[this.position];
    if (value === undefined) throw new PickleError('ends too early');
    this.position += 1;
    return value;
  }

  integer(bytes: 2 | 4): number {
    const value = this.#take(bytes);
    return bytes === 2 ? value.readUInt16LE() : value.readInt32LE();
  }

  /** Two's complement of any length, little-endian. */
  long(length: number): number | bigint {
    const value = this.#take(length).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    const signed = BigInt.asIntN(8 * length, value);
    const small = Number(signed);
    return Number.isSafeInteger(small) ? small : signed;
  }

  float(): number {
    return this.#take(8).readDoubleBE();
  }

  text(lengthBytes: 1 | 4, encoding: 'latin1' | 'utf8'): string {
    return this.#take(lengthBytes === 1 ? this.byte() : this.#take(4).readUInt32LE()).toString(encoding);
  }

  global(): void {
    const [module, name] = [this.#line(), this.#line()];
    this.push(this.#world.global(module, name));
  }

  persistent(): void {
    this.push(this.#world.persistent(this.#pop()));
  }

  put(index: number): void {
    this.#memo.set(index, this.#top());
  }

  get(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw new PickleError(`recalls entry ${index} of its memo, which it never set`);
    this.push(value);
  }

  tuple(length: number): void {
    if (this.#stack.length - this.#floor < length) throw new PickleError('takes more from its stack than there is');
    this.push(this.#stack.splice(this.#stack.length - length, length));
  }

  tupleFromMark(): void {
    this.push(this.#takeToMark());
  }

  append(values: readonly PickleValue[]): void {
    const list = this.#top();
    if (!(list instanceof PickleList)) throw new PickleError('appends to what is no list');
    for (const value of values) list.items.push(value);
  }

  appendOne(): void {
    this.append([this.#pop()]);
  }

  appendFromMark(): void {
    this.append(this.#takeToMark());
  }

  setItems(pairs: readonly PickleValue[]): void {
    const dict = this.#top();
    if (!(dict instanceof PickleDict)) throw new PickleError('sets an item of what is no dict');
    if (pairs.length % 2 !== 0) throw new PickleError('sets an item without a value');
    for (let at = 0; at < pairs.length; at += 2) dict.entries.set(pairs[at]!, pairs[at + 1]!);
  }

  setOneItem(): void {
    const value = this.#pop();
    this.setItems([this.#pop(), value]);
  }

  setItemsFromMark(): void {
    this.setItems(this.#takeToMark());
  }

  /** REDUCE and NEWOBJ: for data they are the same. */
  call(): void {
    const [args, callee] = [this.#pop(), this.#pop()];
    if (!(callee instanceof PickleObject)) throw new PickleError('calls what is no global');
    if (!Array.isArray(args)) throw new PickleError(`calls ${callee.what} without a tuple of arguments`);
    this.push(callee.call(args));
  }

  /** Attributes that Python would set. An OrderedDict's (`_metadata` of a state dict) are none of its entries. */
  build(): void {
    const state = this.#pop();
    const target = this.#top();
    if (target instanceof PickleDict) return;
    if (!(target instanceof PickleObject)) throw new PickleError('sets the state of a plain value');
    target.setState(state);
  }

  get #floor(): number {
    return this.#marks.at(-1) ?? 0;
  }

  #pop(): PickleValue {
    const value = this.#top();
    this.#stack.pop();
    return value;
  }

  #top(): PickleValue {
    if (this.#stack.length <= this.#floor) throw new PickleError('takes more from its stack than there is');
    return this.#stack.at(-1)!;
  }

  #takeToMark(): PickleValue[] {
    const from = this.#marks.pop();
    if (from === undefined) throw new PickleError('goes back to a mark that it never set');
    return this.#stack.splice(from);
  }

  #take(length: number): Buffer {
    const end = this.position + length;
    if (end > this.#bytes.length) throw new PickleError('ends too early');
    const taken = this.#bytes.subarray(this.position, end);
    this.position = end;
    return taken;
  }

  #line(): string {
    const end = this.#bytes.subarray(0, this.position + MAX_NAME_BYTES).indexOf('\n', this.position);
    if (end < 0) throw new PickleError(`has a global's name of more than ${MAX_NAME_BYTES} bytes`);
    const text = this.#bytes.toString('utf8', this.position, end);
    this.position = end + 1;
    return text;
  }
}

const STOP = 0x2e;

type Opcode = (reader: PickleReader) => void;

/** Every opcode that is understood, named as in Python's pickletools. */
const OPCODES: ReadonlyMap<number, Opcode> = new Map<number, Opcode>([
  [0x80 /* PROTO */, (reader) => reader.protocol()],
  [0x4e /* NONE */, (reader) => reader.push(null)],
  [0x88 /* NEWTRUE */, (reader) => reader.push(true)],
  [0x89 /* NEWFALSE */, (reader) => reader.push(false)],
  [0x4a /* BININT */, (reader) => reader.push(reader.integer(4))],
  [0x4b /* BININT1 */, (reader) => reader.push(reader.byte())],
  [0x4d /* BININT2 */, (reader) => reader.push(reader.integer(2))],
  [0x8a /* LONG1 */, (reader) => reader.push(reader.long(reader.byte()))],
  [0x47 /* BINFLOAT */, (reader) => reader.push(reader.float())],
  [0x55 /* SHORT_BINSTRING */, (reader) => reader.push(reader.text(1, 'latin1'))],
  [0x54 /* BINSTRING */, (reader) => reader.push(reader.text(4, 'latin1'))],
  [0x58 /* BINUNICODE */, (reader) => reader.push(reader.text(4, 'utf8'))],
  [0x28 /* MARK */, (reader) => reader.mark()],
  [0x29 /* EMPTY_TUPLE */, (reader) => reader.push([])],
  [0x85 /* TUPLE1 */, (reader) => reader.tuple(1)],
  [0x86 /* TUPLE2 */, (reader) => reader.tuple(2)],
  [0x87 /* TUPLE3 */, (reader) => reader.tuple(3)],
  [0x74 /* TUPLE */, (reader) => reader.tupleFromMark()],
  [0x5d /* EMPTY_LIST */, (reader) => reader.push(new PickleList())],
  [0x61 /* APPEND */, (reader) => reader.appendOne()],
  [0x65 /* APPENDS */, (reader) => reader.appendFromMark()],
  [0x7d /* EMPTY_DICT */, (reader) => reader.push(new PickleDict())],
  [0x73 /* SETITEM */, (reader) => reader.setOneItem()],
  [0x75 /* SETITEMS */, (reader) => reader.setItemsFromMark()],
  [0x71 /* BINPUT */, (reader) => reader.put(reader.byte())],
  [0x72 /* LONG_BINPUT */, (reader) => reader.put(reader.integer(4))],
  [0x68 /* BINGET */, (reader) => reader.get(reader.byte())],
  [0x6a /* LONG_BINGET */, (reader) => reader.get(reader.integer(4))],
  [0x63 /* GLOBAL */, (reader) => reader.global()],
  [0x52 /* REDUCE */, (reader) => reader.call()],
  [0x81 /* NEWOBJ */, (reader) => reader.call()],
  [0x62 /* BUILD */, (reader) => reader.build()],
  [0x51 /* BINPERSID */, (reader) => reader.persistent()],
]);

function showOpcode(opcode: number): string {
  const hex = `0x${opcode.toString(16).padStart(2, '0')}`;
  return opcode > 0x20 && opcode < 0x7f ? `${hex} ("${String.fromCharCode(opcode)}")` : hex;
}
