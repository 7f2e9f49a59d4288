import { parseBoundedJson } from '../../mmdit/files/bounded-json.ts';
import { type WireArray, wireHeader } from './wire.ts';
import { attachArrays, detachArrays, MAX_DEPTH, requireBoundedJson, type TypedArray } from './wire-arrays.ts';
import { WireError } from './wire-error.ts';

/** A text frame, or a binary one. */
export type Frame = string | Uint8Array<ArrayBuffer>;

export interface FrameLimits {
  /** Bytes of a binary frame. */
  readonly frame: number;
  /** JSON: bytes of a binary frame's header, characters of a text frame. */
  readonly json: number;
  /** Values and keys in the JSON; no limit where it is absent. */
  readonly values?: number;
  /** Typed arrays in a message. */
  readonly arrays: number;
}

/** What a browser takes from its own host: tables and pictures of any size that it can hold, a library of thumbnails. */
export const GENEROUS_LIMITS: FrameLimits = { frame: 2 ** 31, json: 2 ** 28, arrays: 2 ** 20 };

const ALIGNMENT = 8;
const PREFIX_BYTES = 4;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A message as it travels (wire.ts). Throws WireError, with the path, for a value that JSON and typed arrays cannot say. */
export function encodeFrame(message: unknown): Frame {
  const { json, arrays } = detachArrays(message);
  if (arrays.length === 0) return JSON.stringify(json);
  const types = arrays.map(
    (array): WireArray => ({ type: array instanceof Float32Array ? 'f32' : 'u8', length: array.length }),
  );
  const header = encoder.encode(JSON.stringify({ message: json, arrays: types }));
  const arraysAt = padded(PREFIX_BYTES + header.length);
  const total = arrays.reduce((bytes, { byteLength }) => bytes + padded(byteLength), arraysAt);
  const frame = new Uint8Array(total);
  new DataView(frame.buffer).setUint32(0, arraysAt - PREFIX_BYTES, true);
  frame.fill(0x20, PREFIX_BYTES + header.length, arraysAt);
  frame.set(header, PREFIX_BYTES);
  let at = arraysAt;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    frame.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += padded(byteLength);
  }
  return frame;
}

/**
 * The message of a frame. Its arrays own their memory: none is a view of the frame. Throws WireError for anything that
 * `encodeFrame` would not have made, or that is beyond the limits; the message is plain JSON data, not yet validated.
 */
export function decodeFrame(frame: string | Uint8Array, limits: FrameLimits): unknown {
  const most = typeof frame === 'string' ? limits.json : limits.frame;
  if (frame.length > most) throw new WireError(`expected a frame of at most ${most} bytes, found ${frame.length}`);
  if (typeof frame === 'string') {
    const message = parseJson(frame, 'a text frame', limits);
    requireBoundedJson(message);
    return message;
  }
  const { json, arraysAt } = readHeader(frame, limits);
  const parsed = wireHeader.safeParse(json);
  if (!parsed.success)
    throw new WireError(
      'expected { message, arrays } as header of a binary frame, with dtype and length of every array',
    );
  const { message, arrays } = parsed.data;
  if (arrays.length > limits.arrays)
    throw new WireError(`expected at most ${limits.arrays} arrays in a message, found ${arrays.length}`);
  return attachArrays(message, copyArrays(frame, arraysAt, arrays));
}

function readHeader(frame: Uint8Array, limits: FrameLimits): { json: unknown; arraysAt: number } {
  if (frame.length < PREFIX_BYTES)
    throw new WireError(`expected a binary frame of 4 bytes or more, found ${frame.length}`);
  const bytes = new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(0, true);
  const arraysAt = PREFIX_BYTES + bytes;
  if (bytes > limits.json) throw new WireError(`expected a header of at most ${limits.json} bytes, found ${bytes}`);
  if (arraysAt % ALIGNMENT !== 0)
    throw new WireError(`expected the bytes of the header to be a multiple of 8 less 4, found ${bytes}`);
  if (arraysAt > frame.length)
    throw new WireError(`the header ends at byte ${arraysAt} of a binary frame of ${frame.length}`);
  let text: string;
  try {
    text = decoder.decode(frame.subarray(PREFIX_BYTES, arraysAt));
  } catch (cause) {
    throw new WireError('expected UTF-8 in the header of a binary frame', { cause });
  }
  return { json: parseJson(text, 'the header of a binary frame', limits), arraysAt };
}

function copyArrays(frame: Uint8Array, start: number, arrays: readonly WireArray[]): TypedArray[] {
  // Checked before anything is allocated: lengths come from the sender.
  const end = arrays.reduce((at, array) => at + padded(byteLength(array)), start);
  if (end !== frame.length) throw new WireError(`the arrays end at byte ${end} of a binary frame of ${frame.length}`);
  let at = start;
  return arrays.map((array) => {
    const bytes = new Uint8Array(byteLength(array));
    bytes.set(frame.subarray(at, at + bytes.length));
    at += padded(bytes.length);
    return array.type === 'f32' ? new Float32Array(bytes.buffer) : bytes;
  });
}

function byteLength({ type, length }: WireArray): number {
  return type === 'f32' ? length * 4 : length;
}

function parseJson(text: string, where: string, { values }: FrameLimits): unknown {
  try {
    return parseBoundedJson(text, { depth: MAX_DEPTH, ...(values !== undefined && { values }) });
  } catch (cause) {
    throw new WireError(`expected JSON in ${where}: ${(cause as Error).message}`, { cause });
  }
}

function padded(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
