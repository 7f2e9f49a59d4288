import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { MAX_LOGIN_BYTES, WIRE_PATH } from '../contract/wire.ts';
import { encodeFrame, type Frame } from '../contract/wire-codec.ts';
import type { Workbench, WorkbenchEvent } from '../contract.ts';
import { ClientConnection } from './client-connection.ts';
import { inAddress, KnownHosts } from './known-hosts.ts';
import { ListenError } from './listen-error.ts';
import { pathOf, servePage } from './pages.ts';
import { requireLogin } from './require-login.ts';
import { DEFAULT_LIMITS, type ServerLimits } from './server-limits.ts';
import { TokenAccess } from './token-access.ts';
import { UnfinishedMessages } from './unfinished-messages.ts';

export interface ServeOptions {
  /** Address or name to listen at. The caller decides whether others than this machine may come in. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The built renderer; may be missing. */
  readonly pages: string;
  readonly limits?: Partial<ServerLimits>;
}

export interface WorkbenchServer {
  /** With the token, in the part of an address that browsers send to no server: who knows it can do what the user can. */
  readonly url: string;
  readonly port: number;
  /** Tells all windows goodbye and stops listening. Ends neither the host nor its jobs. */
  close(): Promise<void>;
}

/** How long a window may take to say goodbye, ms. */
const GRACE_MS = 1000;
/** Close code of RFC 6455's registry. */
const TRY_AGAIN_LATER = 1013;
const ANY_ADDRESS = new Set(['0.0.0.0', '::']);

/** The workbench for browsers: the window's pages over HTTP, the contract over a WebSocket. Throws ListenError. */
export async function serveWorkbench(workbench: Workbench, options: ServeOptions): Promise<WorkbenchServer> {
  const { host, pages: folder } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const access = new TokenAccess();
  const hosts = new KnownHosts(host);
  const strangers = new Set<WebSocket>();
  const clients = new Set<ClientConnection>();
  const unfinished = new UnfinishedMessages(limits.unfinishedBytes);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.frame.frame,
    // Pongs are counted and answered by the connection, so that a flood of pings finds the same bounds.
    autoPong: false,
    clientTracking: false,
  });
  const meet = (socket: WebSocket, connection: Duplex): void => {
    const allowance = { bytes: MAX_LOGIN_BYTES };
    unfinished.watch(connection, socket, allowance);
    // Strangers cannot keep anyone out: the one that has waited longest gives its place to the next.
    if (strangers.size >= limits.strangers) strangers.values().next().value?.terminate();
    strangers.add(socket);
    socket.once('close', () => strangers.delete(socket));
    requireLogin(socket, access, limits.loginMs, () => {
      strangers.delete(socket);
      if (clients.size >= limits.clients) {
        socket.close(TRY_AGAIN_LATER, `${limits.clients} windows are connected already`);
        return;
      }
      allowance.bytes = limits.frame.frame;
      socket.send(encodeFrame({ welcome: true }));
      const client = new ClientConnection(socket, workbench, limits);
      clients.add(client);
      socket.once('close', () => clients.delete(client));
    });
  };
  let ending = false;
  const server = createServer((request, response) => servePage(request, response, { folder, hosts }));
  server.on('upgrade', (request, socket, head) => {
    const refusal = ending ? 503 : refuseUpgrade(request, hosts);
    if (refusal === null) sockets.handleUpgrade(request, socket, head, (opened) => meet(opened, socket));
    else turnAway(socket, refusal);
  });
  await listen(server, options);
  const unsubscribe = workbench.subscribe((event) => tellAll(clients, event));

  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://${inAddress(ANY_ADDRESS.has(host) ? hostname() : host)}:${port}/#token=${access.token}`,
    async close() {
      ending = true;
      unsubscribe();
      const closed = new Promise((resolve) => server.close(resolve));
      for (const stranger of strangers) stranger.terminate();
      await Promise.all([...clients].map((client) => client.end(GRACE_MS)));
      server.closeAllConnections();
      await closed;
    },
  };
}

function tellAll(clients: ReadonlySet<ClientConnection>, event: WorkbenchEvent): void {
  let frame: Frame;
  try {
    frame = encodeFrame(event);
  } catch (error) {
    // Not a reason to end the job that it tells of.
    process.emitWarning(error as Error);
    return;
  }
  for (const client of clients) client.tell(event, frame);
}

/** Why a WebSocket is not opened, as an HTTP status; null where it is. */
function refuseUpgrade(request: IncomingMessage, hosts: KnownHosts): number | null {
  const path = pathOf(request);
  if (path === null) return 400;
  if (!hosts.asksForUs(request) || !hosts.comesFromUs(request)) return 403;
  return path === WIRE_PATH ? null : 404;
}

function turnAway(socket: Duplex, status: number): void {
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

async function listen(server: Server, { host, port }: ServeOptions): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ListenError(host, port, error as NodeJS.ErrnoException);
  }
}
