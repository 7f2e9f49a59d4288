import {
  LOGIN_REFUSED,
  MAX_REQUESTS_UNDER_WAY,
  maxBytesOf,
  wireEvent,
  wireReply,
  wireWelcome,
} from '../../electron/contract/wire.ts';
import { decodeFrame, encodeFrame, type Frame, GENEROUS_LIMITS } from '../../electron/contract/wire-codec.ts';
import { WorkbenchError } from '../../electron/contract/workbench-error.ts';
import type { Reply, RequestName, Workbench, WorkbenchEvent } from '../../electron/contract.ts';
import type { ConnectionStatus } from '../state/host-slice.ts';
import { BackOff } from './back-off.ts';
import type { WorkbenchConnection } from './connection.ts';
import { RequestsUnderWay } from './requests-under-way.ts';

export interface SocketConnection extends WorkbenchConnection {
  /** Ends the connection for good. */
  close(): void;
}

export interface SocketOptions {
  /** Pause before the first new attempt; doubles with every further one, up to 10 s. Default: 250 ms. */
  readonly retryMs?: number;
  /** Silence after which the host is asked whether it is there, and how long it may take to answer. Default: 20 s. */
  readonly silenceMs?: number;
}

/**
 * The host behind `arrowhead serve`, which wants its `token` first; without one, or with another's, the status is
 * `refused` and stays so. A lost connection is taken up again, with growing pauses, and subscriptions stay;
 * events in between are missed, so ask anew when the status becomes `open`. Requests under way when it is lost, and all
 * until it is back, reject with ConnectionLostError; those made while it is opened for the first time wait.
 */
export function connectSocketWorkbench(
  url: string,
  token: string | null,
  options: SocketOptions = {},
): SocketConnection {
  const connection = new ReconnectingSocket(url, token, options);
  const workbench: Workbench = {
    request: <N extends RequestName>(name: N, params: unknown) => connection.request(name, params) as Promise<Reply<N>>,
    subscribe: (listener) => connection.subscribe(listener),
  };
  return { workbench, onStatus: (listener) => connection.onStatus(listener), close: () => connection.close() };
}

class ReconnectingSocket {
  readonly #url: string;
  readonly #token: string | null;
  readonly #silenceMs: number;
  readonly #requests = new RequestsUnderWay();
  readonly #listeners = new Set<(event: WorkbenchEvent) => void>();
  readonly #statusListeners = new Set<(status: ConnectionStatus) => void>();
  readonly #backOff: BackOff;
  #socket: WebSocket | null = null;
  /** `lost` while it is tried again, too. */
  #status: ConnectionStatus = 'connecting';
  /** Requests that wait: for the connection to open, or for answers to those before them. */
  #held: Frame[] = [];
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string, token: string | null, { retryMs = 250, silenceMs = 20_000 }: SocketOptions) {
    this.#url = url;
    this.#token = token;
    this.#silenceMs = silenceMs;
    this.#backOff = new BackOff(retryMs, () => this.#open());
    this.#open();
  }

  request(request: string, params: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.#requests.add(resolve, reject);
      try {
        const frame = encodeFrame({ id, request, params });
        if (frame.length > maxBytesOf(request)) throw tooLarge(maxBytesOf(request));
        if (this.#status === 'lost') throw lost();
        if (this.#status === 'refused') throw refused();
        this.#held.push(frame);
        this.#sendHeld();
      } catch (error) {
        this.#requests.fail(id, error);
      }
    });
  }

  subscribe(listener: (event: WorkbenchEvent) => void): () => void {
    // Wrapped, so that a listener subscribed twice is called twice and ends one by one.
    const own = (event: WorkbenchEvent) => listener(event);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  onStatus(listener: (status: ConnectionStatus) => void): () => void {
    const own = (status: ConnectionStatus) => listener(status);
    this.#statusListeners.add(own);
    own(this.#status);
    return () => this.#statusListeners.delete(own);
  }

  close(): void {
    this.#backOff.stop();
    this.#drop();
  }

  #open(): void {
    const token = this.#token;
    if (token === null) {
      this.#refuse();
      return;
    }
    const socket = new WebSocket(this.#url);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    const current = (then: () => void) => () => {
      if (this.#socket === socket) then();
    };
    socket.onopen = current(() => {
      this.#listenForSilence();
      socket.send(encodeFrame({ token }));
    });
    socket.onclose = ({ code }: CloseEvent) =>
      current(() => (code === LOGIN_REFUSED ? this.#refuse() : this.#drop()))();
    socket.onmessage = (event) => {
      const data = event.data as string | ArrayBuffer;
      if (this.#socket === socket) this.#receive(typeof data === 'string' ? data : new Uint8Array(data));
    };
  }

  #welcomed(): void {
    this.#backOff.reset();
    this.#setStatus('open');
    this.#sendHeld();
  }

  #sendHeld(): void {
    if (this.#status !== 'open') return;
    const free = MAX_REQUESTS_UNDER_WAY - (this.#requests.size - this.#held.length);
    for (const frame of this.#held.splice(0, Math.max(0, free))) this.#socket?.send(frame);
  }

  /** The host does not accept this tab, and will not by being asked again. */
  #refuse(): void {
    this.#backOff.stop();
    this.#end('refused', refused());
  }

  #drop(): void {
    this.#backOff.schedule();
    this.#end('lost', lost());
  }

  #end(status: ConnectionStatus, reason: WorkbenchError): void {
    clearTimeout(this.#silence);
    this.#held = [];
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#setStatus(status);
    this.#requests.failAll(reason);
  }

  #receive(frame: string | Uint8Array): void {
    this.#listenForSilence();
    let message: unknown;
    try {
      message = decodeFrame(frame, GENEROUS_LIMITS);
    } catch {
      // Not our server, or bytes were lost: nothing after this can be trusted.
      this.#drop();
      return;
    }
    if (this.#status !== 'open') {
      if (wireWelcome.safeParse(message).success) this.#welcomed();
      else this.#drop();
      return;
    }
    const reply = wireReply.safeParse(message);
    const event = wireEvent.safeParse(message);
    if (reply.success) this.#requests.settle(reply.data);
    else if (event.success) for (const listener of [...this.#listeners]) listener(event.data as WorkbenchEvent);
    else this.#drop();
    this.#sendHeld();
  }

  /** A tunnel that died without a word leaves the socket open for minutes: asks, and gives up without an answer. */
  #listenForSilence(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      // Past those that wait: any answer will do, a refusal too.
      const id = this.#requests.add(ignore, ignore);
      this.#socket?.send(encodeFrame({ id, request: 'settings.get', params: {} }));
      this.#silence = setTimeout(() => this.#drop(), this.#silenceMs);
    }, this.#silenceMs);
  }

  #setStatus(status: ConnectionStatus): void {
    if (this.#status === status) return;
    this.#status = status;
    for (const listener of [...this.#statusListeners]) listener(status);
  }
}

function ignore(): void {}

function lost(): WorkbenchError {
  return new WorkbenchError({
    name: 'ConnectionLostError',
    message: 'The connection to the workbench is lost.',
    hint: 'It is tried again by itself. If arrowhead serve was started anew, open the address that it printed.',
  });
}

function refused(): WorkbenchError {
  return new WorkbenchError({
    name: 'LoginRefusedError',
    message: 'The workbench does not accept this tab.',
    hint: 'Open the address that arrowhead serve printed.',
  });
}

function tooLarge(maxBytes: number): WorkbenchError {
  return new WorkbenchError({
    name: 'RequestTooLargeError',
    message: `This is too large to send: ${Math.floor(maxBytes / 2 ** 20)} MiB at most.`,
    hint: "Copy the run's folder into the library on the host's machine instead.",
  });
}
