import type { Random } from '../electron/server/fuzz/random.ts';

const WORDS = ['null', '-1', '1e999', '""', '[]', '{}', '"\\u0000"', '[[[[', '18446744073709551616', 'true', '0.5'];

/** A damaged copy of a file: flipped, cut, repeated, swapped or overwritten; text also with values of other types. */
export function mutate(original: Uint8Array, random: Random, isText: boolean): Uint8Array {
  let bytes: Buffer = Buffer.from(original);
  for (let edits = 1 + random.below(4); edits > 0 && bytes.length > 0; edits--) {
    const at = random.below(random.below(2) ? bytes.length : Math.min(bytes.length, 4096));
    const length = 1 + random.below(Math.min(64, bytes.length));
    switch (random.below(isText ? 8 : 6)) {
      case 0:
        bytes[at] = bytes[at]! ^ (1 << random.below(8));
        break;
      case 1:
        bytes = bytes.subarray(0, at);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at)]);
        break;
      case 4:
        bytes.set(random.bytes(Math.min(8, bytes.length - at)), at);
        break;
      case 5:
        bytes.fill(random.pick([0, 255, 0x20]), at, Math.min(bytes.length, at + length));
        break;
      default:
        bytes = replaceValue(bytes, random);
    }
  }
  return bytes;
}

/** One number or string of JSON becomes something else. */
function replaceValue(bytes: Buffer, random: Random): Buffer {
  const text = bytes.toString('latin1');
  const values = [...text.matchAll(/-?\d+(\.\d+)?|"[^"\\]*"|true|false|null/g)];
  if (values.length === 0) return bytes;
  const { index, 0: value } = random.pick(values);
  return Buffer.from(text.slice(0, index) + random.pick(WORDS) + text.slice(index + value.length), 'latin1');
}
