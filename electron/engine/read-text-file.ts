import { isUtf8 } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';

const MAX_BYTES = 64 * 1024 * 1024;

/**
 * The text of a file that a person wrote: UTF-8, or UTF-16 where a byte order mark says so. Anything else is refused,
 * since guessing an encoding would change the text silently. `refuse` makes the error of what was found.
 */
export async function readTextFile(file: string, refuse: (problem: string) => Error): Promise<string> {
  const info = await stat(file);
  // Reading a pipe would wait for a writer for ever.
  if (!info.isFile()) throw refuse('is no file');
  if (info.size > MAX_BYTES) throw refuse(`is ${info.size} bytes long; at most ${MAX_BYTES} are read`);
  return decodeText(await readFile(file), refuse);
}

export function decodeText(bytes: Uint8Array, refuse: (problem: string) => Error): string {
  const starts = (...mark: readonly number[]): boolean => mark.every((byte, index) => bytes[index] === byte);
  if (starts(0xff, 0xfe, 0, 0) || starts(0, 0, 0xfe, 0xff)) throw refuse('is UTF-32. Save it as UTF-8');
  const encoding = starts(0xff, 0xfe) ? 'utf-16le' : starts(0xfe, 0xff) ? 'utf-16be' : 'utf-8';
  if (encoding === 'utf-8' && !isUtf8(bytes)) throw refuse(describeInvalid(bytes));
  let text: string;
  try {
    // Takes the byte order mark off.
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw refuse(`begins as ${encoding.toUpperCase()}, and is damaged`);
  }
  const zero = text.indexOf('\0');
  if (zero < 0) return text;
  const line = text.slice(0, zero).split('\n').length;
  throw refuse(
    `holds a zero byte in line ${line}: it is no text, or UTF-16 without a byte order mark. Save it as UTF-8`,
  );
}

/** Where bytes stop being UTF-8, in the terms of an editor. */
function describeInvalid(bytes: Uint8Array): string {
  let lineStart = 0;
  for (let line = 1; ; line++) {
    const newline = bytes.indexOf(0x0a, lineStart);
    const content = bytes.subarray(lineStart, newline < 0 ? bytes.length : newline);
    if (!isUtf8(content)) {
      const at = firstInvalid(content);
      const byte = content[at]!.toString(16).padStart(2, '0');
      return `line ${line}, byte ${at + 1}: 0x${byte} is not UTF-8. If it is Latin-1 or Windows-1252 text, save it as UTF-8`;
    }
    lineStart = newline + 1;
  }
}

function firstInvalid(line: Uint8Array): number {
  let at = 0;
  for (;;) {
    const length = [1, 2, 3, 4].find((count) => at + count <= line.length && isUtf8(line.subarray(at, at + count)));
    if (length === undefined) return at;
    at += length;
  }
}
