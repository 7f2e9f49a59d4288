import { WebSocket } from 'ws';
import { wireEvent, wireReply, wireWelcome } from '../../../../electron/contract/wire.ts';
import { decodeFrame, encodeFrame, type Frame, GENEROUS_LIMITS } from '../../../../electron/contract/wire-codec.ts';
import { WireError } from '../../../../electron/contract/wire-error.ts';
import { type RequestName, requests } from '../../../../electron/contract.ts';

const PATIENCE_MS = 15_000;

interface Server {
  readonly port: number;
  readonly token: string;
}

export interface Wish {
  readonly request: string;
  readonly params: unknown;
}

export interface Tally {
  replies: number;
  errors: number;
  /** Connections that the server ended. */
  ended: number;
  /** By name: how requests failed. */
  readonly names: Map<string, number>;
}

/** One connection after another, each until a frame ends it. Everything that comes back is held to the contract. */
export class FuzzClient {
  readonly #server: Server;
  readonly #tally: Tally;
  readonly #waiting = new Map<number, Wish>();
  #socket: WebSocket | null = null;
  #nextId = 0;
  #settled: () => void = () => {};
  #failure: unknown = null;

  constructor(server: Server, tally: Tally) {
    this.#server = server;
    this.#tally = tally;
  }

  /** Sends all at once, and waits until each has its one answer. Rejects where one has none, or a wrong one. */
  async askAll(wishes: readonly Wish[]): Promise<void> {
    const socket = await this.#open();
    for (const wish of wishes) {
      const id = this.#nextId++;
      this.#waiting.set(id, wish);
      socket.send(encodeAnyhow({ id, ...wish }));
    }
    await this.#whenSettled(
      () => this.#waiting.size === 0,
      () => `answers to ${JSON.stringify([...this.#waiting.values()]).slice(0, 2000)}`,
    );
  }

  /** Sends what is no request, and waits until the server has ended the connection. */
  async provoke(frame: Frame): Promise<void> {
    const socket = await this.#open();
    socket.send(frame);
    await this.#whenSettled(
      () => this.#socket === null,
      () => `the end of the connection after ${String(frame).slice(0, 200)}`,
    );
  }

  close(): void {
    this.#socket?.terminate();
  }

  #open(): Promise<WebSocket> {
    if (this.#socket !== null) return Promise.resolve(this.#socket);
    const socket = new WebSocket(`ws://127.0.0.1:${this.#server.port}/workbench`);
    this.#socket = socket;
    socket.on('message', (data: Buffer, isBinary) => this.#receive(isBinary ? data : data.toString()));
    socket.on('close', () => {
      this.#socket = null;
      this.#tally.ended += 1;
      this.#waiting.clear();
      this.#settled();
    });
    return new Promise((resolve, reject) => {
      socket.on('open', () => socket.send(JSON.stringify({ token: this.#server.token })));
      socket.once('message', () => resolve(socket));
      socket.on('error', reject);
    });
  }

  #receive(frame: string | Buffer): void {
    try {
      const message = decodeFrame(frame, GENEROUS_LIMITS);
      if (wireWelcome.safeParse(message).success) return;
      if (!wireEvent.safeParse(message).success) this.#count(wireReply.parse(message));
    } catch (error) {
      this.#failure = error;
    }
    this.#settled();
  }

  #count(answer: { id: number; reply?: unknown; error?: { name: string } }): void {
    const wish = this.#waiting.get(answer.id);
    if (wish === undefined) throw new Error(`an answer to request ${answer.id}, which waits for none`);
    this.#waiting.delete(answer.id);
    if (answer.error === undefined) {
      this.#tally.replies += 1;
      if (!Object.hasOwn(requests, wish.request)) throw new Error(`a reply to ${wish.request}, which is no request`);
      requests[wish.request as RequestName].reply.parse(answer.reply);
    } else {
      this.#tally.errors += 1;
      this.#tally.names.set(answer.error.name, (this.#tally.names.get(answer.error.name) ?? 0) + 1);
    }
  }

  #whenSettled(isSettled: () => boolean, what: () => string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`after ${PATIENCE_MS} ms still waiting for ${what()}`)),
        PATIENCE_MS,
      );
      this.#settled = () => {
        if (this.#failure === null && !isSettled()) return;
        clearTimeout(timer);
        if (this.#failure === null) resolve();
        else reject(this.#failure);
      };
      this.#settled();
    });
  }
}

/** Values that our codec would not send are sent all the same, as far as JSON can say them. */
function encodeAnyhow(message: unknown): Frame {
  try {
    return encodeFrame(message);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return JSON.stringify(message);
  }
}
