import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { decodeFrame, encodeFrame, GENEROUS_LIMITS } from '../../../electron/contract/wire-codec.ts';
import type { Workbench } from '../../../electron/contract.ts';
import { serveWorkbench, type WorkbenchServer } from '../../../electron/server/serve-workbench.ts';
import type { ServerLimits } from '../../../electron/server/server-limits.ts';

export interface StartedServer extends WorkbenchServer {
  readonly token: string;
  /** Holds the pages in `pages/` and `secret.txt` beside it. */
  readonly folder: string;
}

/** A server for one test, with a small built window. */
export async function startServer(
  workbench: Workbench,
  options: { limits?: Partial<ServerLimits>; host?: string; port?: number; built?: boolean; pages?: string } = {},
): Promise<StartedServer> {
  const folder = await mkdtemp(join(tmpdir(), 'arrowhead-server-'));
  const pages = join(folder, 'pages');
  await mkdir(join(pages, 'assets'), { recursive: true });
  await writeFile(join(folder, 'secret.txt'), 'SECRET');
  if (options.built !== false) await writeFile(join(pages, 'index.html'), '<!doctype html><title>window</title>');
  await writeFile(join(pages, 'assets', 'app-1a2b.js'), 'export {};');
  await writeFile(join(pages, '.hidden'), 'SECRET');
  const server = await serveWorkbench(workbench, {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    pages: options.pages ?? pages,
    ...(options.limits && { limits: options.limits }),
  });
  onTestFinished(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { ...server, folder, token: tokenOf(server.url) };
}

/** The token in a printed address. */
export function tokenOf(url: string): string {
  return new URLSearchParams(new URL(url).hash.slice(1)).get('token')!;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One HTTP request, sent as it is: nothing is normalised. */
export function ask(
  { port }: { port: number },
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    });
    outgoing.on('error', reject).end();
  });
}

/** A binary frame that says it is long, and the first bytes of it. */
export function sendUnfinished({ socket }: RawClient, announced: number, sent: number): void {
  const header = Buffer.alloc(14);
  header[0] = 0x82;
  header[1] = 0x80 | 127;
  header.writeBigUInt64BE(BigInt(announced), 2);
  // Below what WebSocket lets one say.
  const { _socket: raw } = socket as unknown as { _socket: Socket };
  raw.write(header);
  raw.write(Buffer.alloc(sent));
}

/** A WebSocket without the renderer's client, to say what that never would. */
export class RawClient {
  readonly socket: WebSocket;
  readonly messages: unknown[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer, isBinary) =>
      this.messages.push(decodeFrame(isBinary ? data : data.toString(), GENEROUS_LIMITS)),
    );
    this.closed = new Promise((resolve) =>
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    socket.on('error', () => {});
  }

  /** Logged in. Rejects with code and reason where the server refuses that. */
  static async open({ port, token }: { port: number; token: string }): Promise<RawClient> {
    const client = await RawClient.openAt(`ws://127.0.0.1:${port}/workbench`);
    client.send({ token });
    await client.welcome();
    return client;
  }

  /** Not logged in. Rejects with the HTTP status where the server opens no WebSocket. */
  static openAt(url: string, headers: Record<string, string> = {}): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, { headers });
      const client = new RawClient(socket);
      socket.on('open', () => resolve(client));
      socket.on('error', reject);
      socket.on('unexpected-response', (_request, { statusCode }) => {
        socket.terminate();
        reject(new Error(`HTTP ${statusCode}`));
      });
      onTestFinished(() => socket.terminate());
    });
  }

  async welcome(): Promise<void> {
    const refused = this.closed.then(({ code, reason }) => Promise.reject(new Error(`${code} ${reason}`)));
    const message = await Promise.race([this.next(({ welcome }) => welcome === true), refused]);
    this.messages.splice(this.messages.indexOf(message), 1);
  }

  send(message: unknown): void {
    this.socket.send(encodeFrame(message));
  }

  /** The message that comes next among those that `wanted` accepts, or has come already. */
  async next(wanted: (message: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.messages.find((message) => wanted(message as Record<string, unknown>));
      if (found !== undefined) return found as Record<string, unknown>;
      await new Promise((resolve) => this.socket.once('message', resolve));
    }
  }

  reply(id: number): Promise<Record<string, unknown>> {
    return this.next((message) => message.id === id);
  }
}
