import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
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
  options: { limits?: Partial<ServerLimits>; host?: string; built?: boolean } = {},
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
    port: 0,
    pages,
    ...(options.limits && { limits: options.limits }),
  });
  onTestFinished(async () => {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { ...server, folder, token: new URL(server.url).searchParams.get('token')! };
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

/** The cookie that a browser has after it opened the printed address. */
export async function enter(server: StartedServer): Promise<string> {
  const { headers } = await ask(server, `/?token=${server.token}`);
  return headers['set-cookie']![0]!.split(';')[0]!;
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

  static open({ port, token }: { port: number; token: string }): Promise<RawClient> {
    return RawClient.openAt(`ws://127.0.0.1:${port}/workbench?token=${token}`);
  }

  /** Rejects with the HTTP status where the server opens no WebSocket. */
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
