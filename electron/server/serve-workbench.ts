import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { WIRE_PATH } from '../contract/wire.ts';
import { encodeFrame, type Frame } from '../contract/wire-codec.ts';
import type { Workbench, WorkbenchEvent } from '../contract.ts';
import { ClientConnection } from './client-connection.ts';
import { inAddress, KnownHosts } from './known-hosts.ts';
import { ListenError } from './listen-error.ts';
import { parseTarget, servePage } from './pages.ts';
import { DEFAULT_LIMITS, type ServerLimits } from './server-limits.ts';
import { TokenAccess } from './token-access.ts';

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
  /** With the token: whoever knows it can do what the user can. */
  readonly url: string;
  readonly port: number;
  /** Tells all windows goodbye and stops listening. Ends neither the host nor its jobs. */
  close(): Promise<void>;
}

/** How long a window may take to say goodbye, ms. */
const GRACE_MS = 1000;
const ANY_ADDRESS = new Set(['0.0.0.0', '::']);

/** The workbench for browsers: the window's pages over HTTP, the contract over a WebSocket. Throws ListenError. */
export async function serveWorkbench(workbench: Workbench, options: ServeOptions): Promise<WorkbenchServer> {
  const { host, pages: folder } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const access = new TokenAccess();
  const hosts = new KnownHosts(host);
  const clients = new Set<ClientConnection>();
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.frame.frame,
    // Pongs are counted and answered by the connection, so that a flood of pings finds the same bounds.
    autoPong: false,
    clientTracking: false,
  });
  const admit = (socket: WebSocket): void => {
    const client = new ClientConnection(socket, workbench, limits);
    clients.add(client);
    socket.on('close', () => clients.delete(client));
  };
  let ending = false;
  const server = createServer((request, response) => servePage(request, response, { folder, access, hosts }));
  server.on('upgrade', (request, socket, head) => {
    const refusal = refuseUpgrade(request, { access, hosts, full: ending || clients.size >= limits.clients });
    if (refusal === null) sockets.handleUpgrade(request, socket, head, admit);
    else turnAway(socket, refusal);
  });
  await listen(server, options);
  const unsubscribe = workbench.subscribe((event) => tellAll(clients, event));

  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://${inAddress(ANY_ADDRESS.has(host) ? hostname() : host)}:${port}/?token=${access.token}`,
    async close() {
      ending = true;
      unsubscribe();
      const closed = new Promise((resolve) => server.close(resolve));
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

interface Door {
  readonly access: TokenAccess;
  readonly hosts: KnownHosts;
  /** Whether no more clients are taken. */
  readonly full: boolean;
}

/** Why a WebSocket is not opened, as an HTTP status; null where it is. */
function refuseUpgrade(request: IncomingMessage, { access, hosts, full }: Door): number | null {
  const target = parseTarget(request);
  if (target === null) return 400;
  if (!hosts.asksForUs(request) || !hosts.comesFromUs(request)) return 403;
  if (!access.acceptsCookie(request) && !access.acceptsToken(target.token)) return 401;
  if (target.path !== WIRE_PATH) return 404;
  return full ? 503 : null;
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
