import type { RawData, WebSocket } from 'ws';
import { maxBytesOf, wireRequest } from '../contract/wire.ts';
import { decodeFrame, encodeFrame, type Frame } from '../contract/wire-codec.ts';
import type { RequestName, Workbench, WorkbenchEvent } from '../contract.ts';
import { toErrorInfo } from '../host/host-errors.ts';
import { encodeReply } from './encode-reply.ts';
import { RateLimit } from './rate-limit.ts';
import type { ServerLimits } from './server-limits.ts';
import { WaitingEvents } from './waiting-events.ts';

/** Codes of RFC 6455 and what they mean here (wire.ts). */
const CLOSE = { ending: 1001, refused: 1008, tooLarge: 1009 } as const;

/** One window on a WebSocket: reads its requests, answers each once, and never keeps more for it than it may. */
export class ClientConnection {
  readonly #socket: WebSocket;
  readonly #workbench: Workbench;
  readonly #limits: ServerLimits;
  readonly #rate: RateLimit;
  readonly #underWay = new Set<number>();
  readonly #waiting = new WaitingEvents();
  #heartbeat: ReturnType<typeof setInterval>;
  /** Whether anything came or went since the last heartbeat. */
  #alive = true;

  constructor(socket: WebSocket, workbench: Workbench, limits: ServerLimits) {
    this.#socket = socket;
    this.#workbench = workbench;
    this.#limits = limits;
    this.#rate = new RateLimit(limits.messagesPerSecond, limits.messagesAtOnce);
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('ping', (data) => this.#count() && socket.pong(data, false, this.#drained));
    socket.on('pong', () => {
      this.#alive = this.#count();
    });
    socket.on('close', () => clearInterval(this.#heartbeat));
    // The socket closes itself after an error: too large a frame, text that is no UTF-8, a broken connection.
    socket.on('error', () => {});
    this.#heartbeat = setInterval(() => this.#beat(), limits.heartbeatMs);
    this.#heartbeat.unref();
  }

  /** `frame` is the event encoded, once for all clients. */
  tell(event: WorkbenchEvent, frame: Frame): void {
    if (this.#isSlow() || this.#waiting.size > 0) this.#waiting.add(event, frame);
    else this.#send(frame);
  }

  /** Says goodbye, and waits no longer than `graceMs` for an answer. */
  end(graceMs: number): Promise<void> {
    if (this.#socket.readyState === this.#socket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#socket.terminate(), graceMs);
      this.#socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      // A client that is not read from cannot say goodbye.
      this.#socket.resume();
      this.#socket.close(CLOSE.ending, 'the server ends');
    });
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (!this.#count()) return;
    this.#alive = true;
    const bytes = toBytes(data);
    // Binary frames are bounded before they are taken in; text has a smaller bound.
    if (!isBinary && bytes.length > this.#limits.frame.json) {
      this.#socket.close(CLOSE.tooLarge, `text frames hold at most ${this.#limits.frame.json} bytes`);
      return;
    }
    let message: unknown;
    try {
      message = decodeFrame(isBinary ? bytes : bytes.toString(), this.#limits.frame);
    } catch (error) {
      this.#refuse((error as Error).message);
      return;
    }
    const parsed = wireRequest.safeParse(message);
    const id = parsed.success ? parsed.data.id : idOf(message);
    if (id === null) this.#refuse('expected a request with an id');
    else if (this.#underWay.has(id)) this.#refuse(`id ${id} is in use by another request`);
    else if (this.#underWay.size >= this.#limits.requestsUnderWay)
      this.#fail(id, new TooManyRequestsError(this.#limits));
    else if (parsed.success && bytes.length > maxBytesOf(parsed.data.request))
      this.#fail(id, new RequestTooLargeError(parsed.data.request, bytes.length));
    else if (parsed.success) void this.#answer(parsed.data.id, parsed.data.request, parsed.data.params);
    else this.#fail(id, new TypeError('expected { id, request, params }'));
  }

  async #answer(id: number, request: string, params: unknown): Promise<void> {
    this.#underWay.add(id);
    let frame: Frame;
    try {
      // The host holds both to the contract, whoever asks.
      frame = encodeReply(id, await this.#workbench.request(request as RequestName, params as never));
    } catch (error) {
      frame = encodeFrame({ id, error: toErrorInfo(error) });
    }
    this.#underWay.delete(id);
    this.#send(frame);
  }

  #fail(id: number, error: Error): void {
    this.#send(encodeFrame({ id, error: toErrorInfo(error) }));
  }

  #send(frame: Frame): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(frame, this.#drained);
    if (this.#socket.bufferedAmount > this.#limits.tooManyBytes) this.#socket.terminate();
    else if (this.#isSlow()) this.#socket.pause();
  }

  /** After a frame has gone to the system. */
  readonly #drained = (): void => {
    this.#alive = true;
    if (this.#socket.readyState !== this.#socket.OPEN || this.#isSlow()) return;
    if (this.#socket.isPaused) this.#socket.resume();
    const next = this.#waiting.take();
    if (next !== undefined) this.#send(next);
  };

  #isSlow(): boolean {
    return this.#socket.bufferedAmount > this.#limits.slowBytes;
  }

  #count(): boolean {
    if (this.#socket.readyState !== this.#socket.OPEN) return false;
    const inTime = this.#rate.take();
    if (!inTime) this.#refuse(`more than ${this.#limits.messagesPerSecond} messages a second`);
    return inTime;
  }

  #refuse(reason: string): void {
    // A close frame holds 123 bytes.
    this.#socket.close(CLOSE.refused, Buffer.from(reason).subarray(0, 120).toString().replace(/�$/, ''));
  }

  #beat(): void {
    if (this.#alive) this.#socket.ping();
    else this.#socket.terminate();
    this.#alive = false;
  }
}

class TooManyRequestsError extends Error {
  override readonly name = 'TooManyRequestsError';

  constructor({ requestsUnderWay }: ServerLimits) {
    super(`${requestsUnderWay} requests of this connection are under way. Wait for their answers, then ask again.`);
  }
}

class RequestTooLargeError extends Error {
  override readonly name = 'RequestTooLargeError';

  constructor(request: string, bytes: number) {
    super(`${request} takes at most ${maxBytesOf(request)} bytes, found ${bytes}.`);
  }
}

function toBytes(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}

/** The id of a request whose other fields are wrong, so that it can be told. */
function idOf(message: unknown): number | null {
  const id: unknown = typeof message === 'object' && message !== null && 'id' in message ? message.id : null;
  return wireRequest.shape.id.safeParse(id).success ? (id as number) : null;
}
