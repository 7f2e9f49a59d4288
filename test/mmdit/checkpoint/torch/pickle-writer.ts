/** Pieces of a pickle of protocol 2, byte by byte as Python's pickletools names them. */
export const PROTO = Buffer.from([0x80, 2]);
export const MARK = Buffer.from('(');
export const STOP = Buffer.from('.');
export const REDUCE = Buffer.from('R');
export const BUILD = Buffer.from('b');
export const NONE = Buffer.from('N');
export const TUPLE = Buffer.from('t');
export const EMPTY_TUPLE = Buffer.from(')');
export const EMPTY_LIST = Buffer.from(']');
export const APPENDS = Buffer.from('e');
export const EMPTY_DICT = Buffer.from('}');
export const SETITEM = Buffer.from('s');
export const SETITEMS = Buffer.from('u');
export const PERSISTENT = Buffer.from('Q');
export const FALSE = Buffer.from([0x89]);

export const pickle = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat([PROTO, ...parts, STOP]);

/** As Python 3 writes a str. */
export function unicode(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([Buffer.from('X'), length, bytes]);
}

/** As Python 2 writes a str. */
export const shortString = (text: string): Buffer =>
  Buffer.concat([Buffer.from(['U'.charCodeAt(0), text.length]), Buffer.from(text)]);

export const global = (module: string, name: string): Buffer => Buffer.from(`c${module}\n${name}\n`);

/** BININT1, BININT2, BININT or LONG1, whichever Python would take. */
export function integer(value: number | bigint): Buffer {
  if (typeof value === 'number' && value >= 0 && value < 256) return Buffer.from(['K'.charCodeAt(0), value]);
  if (typeof value === 'number' && Math.abs(value) < 2 ** 31) {
    const bytes = Buffer.alloc(5, 'J');
    bytes.writeInt32LE(value, 1);
    return bytes;
  }
  const digits: number[] = [];
  for (let rest = BigInt(value); rest !== 0n && rest !== -1n; rest >>= 8n) digits.push(Number(rest & 255n));
  return Buffer.from([0x8a, digits.length + 1, ...digits, BigInt(value) < 0n ? 255 : 0]);
}

export const put = (index: number): Buffer => Buffer.from(['q'.charCodeAt(0), index]);
export const get = (index: number): Buffer => Buffer.from(['h'.charCodeAt(0), index]);

export const tuple = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat([MARK, ...parts, TUPLE]);
export const list = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat([EMPTY_LIST, MARK, ...parts, APPENDS]);
export const dict = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat([EMPTY_DICT, MARK, ...parts, SETITEMS]);
