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
  readonly #connections = new Map<WebSocket, { bytes: number; refuse(reason: string): void }>();

  constructor(mostOfAll: number) {
    this.#mostOfAll = mostOfAll;
  }

  /** Closes the connection when it sends more than `allowance`, which may change meanwhile. */
  watch(connection: Duplex, socket: WebSocket, allowance: Readonly<Allowance>): void {
    const refuse = (reason: string): void => {
      this.#connections.delete(socket);
      // Nothing more is read, and what was is let go with the socket.
      connection.removeAllListeners('data');
      connection.resume();
      socket.close(TOO_LARGE, reason);
      connection.end();
    };
    const own = { bytes: 0, refuse };
    this.#connections.set(socket, own);
    connection.prependListener('data', (chunk: Buffer) => {
      own.bytes += chunk.length;
      if (own.bytes > allowance.bytes) refuse(`a message holds at most ${allowance.bytes} bytes`);
      else this.#makeRoom();
    });
    // The next message begins in the chunk that ends this one: less than one chunk is missed.
    socket.prependListener('message', () => {
      own.bytes = 0;
    });
    socket.once('close', () => this.#connections.delete(socket));
  }

  /** Where all send too much, the one that has sent most goes, and not one that asks for something small just then. */
  #makeRoom(): void {
    const all = [...this.#connections.values()];
    if (all.reduce((sum, { bytes }) => sum + bytes, 0) <= this.#mostOfAll) return;
    all.sort((a, b) => b.bytes - a.bytes)[0]!.refuse('too much is being sent to this server; send it again later');
  }
}
