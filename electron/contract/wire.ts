import { z } from 'zod';
import { errorInfo, LIMITS } from './fields.ts';

/**
 * How the contract travels over a WebSocket (`/workbench`). Electron's IPC needs none of it: structured clones carry
 * typed arrays.
 *
 * A message without typed arrays is a text frame: its JSON. One with typed arrays is a binary frame:
 *
 *     u32 (little endian)   bytes of the header, a multiple of 8 less 4, so that the first array is aligned
 *     header                JSON, padded with spaces: { "message": …, "arrays": [{ "type": "f32" | "u8", "length": n }] }
 *     arrays                one after another, little endian, each padded with zeros to a multiple of 8 bytes
 *
 * In the message, `{ "$array": i }` stands where array i was; `length` counts elements. NaN and Infinity travel inside
 * arrays only. No object has a key `__proto__`, and none in a binary frame has a key `$array` of its own. Messages nest
 * at most 32 deep.
 *
 * The client's first message is a login, a text frame; the server answers with a welcome, or closes with LOGIN_REFUSED.
 * Only then does the client send requests; the server answers each once, in any order, and sends events at any time. A
 * request that cannot be read at all (no JSON, no id) closes the connection with code 1008, as do a client that sends too
 * fast and an id that is in use; a frame beyond the limits below closes it with 1009. A server that ends closes with
 * 1001. To a client that reads too slowly, newer events about the same thing replace older ones.
 */
export const WIRE_PATH = '/workbench';

/** Close code of a connection whose first message was not the server's token, or did not come in time. */
export const LOGIN_REFUSED = 4401;
/** Of the first message, with its framing. */
export const MAX_LOGIN_BYTES = 1024;

/** Of a frame to the server. */
export const MAX_REQUEST_BYTES = 4 * 2 ** 20;
/** Of a frame with a file to import and what surrounds it. */
export const MAX_IMPORT_BYTES = LIMITS.fileBytes + 2 ** 16;
/** Values and keys in a request's JSON, which take far more time and memory than their bytes say. */
export const MAX_REQUEST_VALUES = 200_000;

/** Bytes that a frame with this request may have. */
export function maxBytesOf(request: string): number {
  return request === 'runs.import' ? MAX_IMPORT_BYTES : MAX_REQUEST_BYTES;
}

/** Of one client; further ones are refused with TooManyRequestsError. */
export const MAX_REQUESTS_UNDER_WAY = 64;

export const wireArray = z.strictObject({ type: z.enum(['f32', 'u8']), length: z.int().nonnegative() });
export type WireArray = z.output<typeof wireArray>;

/** Every array is named once in the message. */
export const wireHeader = z.strictObject({ message: z.unknown(), arrays: z.array(wireArray) });

export const wireLogin = z.strictObject({
  /** From the printed address. It is valid for one start of one server. */
  token: z.string().max(256),
});

export const wireWelcome = z.strictObject({ welcome: z.literal(true) });

export const wireRequest = z.strictObject({
  /** The client's own, told back in the reply; not in use by another request under way. */
  id: z.int().nonnegative(),
  request: z.string().max(64),
  params: z.unknown(),
});

export const wireReply = z.union([
  z.strictObject({ id: z.int().nonnegative(), reply: z.unknown() }),
  z.strictObject({ id: z.int().nonnegative(), error: errorInfo }),
]);

export const wireEvent = z.strictObject({ event: z.string(), payload: z.unknown() });
