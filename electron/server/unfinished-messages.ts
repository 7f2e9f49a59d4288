import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** Close code of RFC 6455 for a message that is too large. */
const TOO_LARGE = 1009;

/** How much one connection may have sent of a message that is not complete. */
export interface Allowance {
  bytes: number;
}

/**
 * Bounds the memory that messages take before they are complete: of each connection, and of all together. What a frame
 * says of its length is not asked, only what has arrived: a client that announces much and sends nothing takes nothing.
 */
export class UnfinishedMessages {
  readonly #mostOfAll: number;
  #ofAll = 0;

  constructor(mostOfAll: number) {
    this.#mostOfAll = mostOfAll;
  }

  /** Closes the connection when it sends more than `allowance`, which may change meanwhile, or all send too much. */
  watch(connection: Duplex, socket: WebSocket, allowance: Readonly<Allowance>): void {
    let own = 0;
    const setOwn = (bytes: number): void => {
      this.#ofAll += bytes - own;
      own = bytes;
    };
    const count = (chunk: Buffer): void => {
      setOwn(own + chunk.length);
      if (own > allowance.bytes) refuse(`a message holds at most ${allowance.bytes} bytes`);
      else if (this.#ofAll > this.#mostOfAll) refuse('too much is being sent to this server; send it again later');
    };
    const refuse = (reason: string): void => {
      // Nothing more is read, and what was is let go with the socket.
      connection.removeAllListeners('data');
      connection.resume();
      socket.close(TOO_LARGE, reason);
      connection.end();
    };
    connection.prependListener('data', count);
    // The next message begins in the chunk that ends this one: less than one chunk is missed.
    socket.prependListener('message', () => setOwn(0));
    socket.once('close', () => setOwn(0));
  }
}
