import { MAX_IMPORT_BYTES, MAX_REQUEST_BYTES, MAX_REQUEST_VALUES, MAX_REQUESTS_UNDER_WAY } from '../contract/wire.ts';
import type { FrameLimits } from '../contract/wire-codec.ts';

const MiB = 2 ** 20;

export interface ServerLimits {
  /** Of what clients send. */
  readonly frame: FrameLimits;
  /** Bytes of messages that are not complete, of all clients together. */
  readonly unfinishedBytes: number;
  /** Connections that have not logged in. */
  readonly strangers: number;
  /** How long they may take for it. */
  readonly loginMs: number;
  readonly clients: number;
  /** Messages of one client, pings included. */
  readonly messagesPerSecond: number;
  readonly messagesAtOnce: number;
  /** Requests of one client that are not answered yet; further ones are refused. */
  readonly requestsUnderWay: number;
  /** Bytes waiting for a client from which on it counts as slow: nothing more is read from it, and events wait. */
  readonly slowBytes: number;
  /** Bytes waiting for a client at which it is given up. */
  readonly tooManyBytes: number;
  /** A client that takes and sends nothing for twice as long is given up. */
  readonly heartbeatMs: number;
}

export const DEFAULT_LIMITS: ServerLimits = {
  frame: { frame: MAX_IMPORT_BYTES, json: MAX_REQUEST_BYTES, values: MAX_REQUEST_VALUES, arrays: 16 },
  // One import of the largest size, and smaller ones beside it.
  unfinishedBytes: 192 * MiB,
  strangers: 16,
  loginMs: 5000,
  clients: 16,
  messagesPerSecond: 500,
  messagesAtOnce: 1000,
  requestsUnderWay: MAX_REQUESTS_UNDER_WAY,
  slowBytes: 4 * MiB,
  tooManyBytes: 512 * MiB,
  heartbeatMs: 30_000,
};
