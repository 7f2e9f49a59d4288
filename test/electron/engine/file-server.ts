import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FileServer {
  readonly url: string;
  /** `Range` of every request; null where there was none. */
  readonly ranges: (string | null)[];
  close(): Promise<void>;
}

/** How a request is answered; `data` is what the server has. */
export type Answer = (request: IncomingMessage, response: ServerResponse, data: Uint8Array) => void;

/** As servers of files should: a part where one is asked for. */
export const inParts: Answer = ({ headers }, response, data) => {
  const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
  if (start >= data.length) {
    response.writeHead(416).end();
    return;
  }
  const rest = data.subarray(start);
  const range = `bytes ${start}-${data.length - 1}/${data.length}`;
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': rest.length,
    ...(start > 0 && { 'content-range': range }),
  });
  response.end(rest);
};

/** As if Range did not exist. */
export const whole: Answer = (_, response, data) => {
  response.writeHead(200, { 'content-length': data.length });
  response.end(data);
};

/** Serves a file on the loopback: the first requests as `answers` say, all others in parts. */
export async function serveFile(data: Uint8Array, ...answers: readonly Answer[]): Promise<FileServer> {
  const ranges: (string | null)[] = [];
  const server: Server = createServer((request, response) => {
    const answer = answers[ranges.length] ?? inParts;
    ranges.push(request.headers.range ?? null);
    answer(request, response, data);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/weights.pth`,
    ranges,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Sends the first `count` bytes of what was asked for, and hangs up. */
export const hangUpAfter =
  (count: number): Answer =>
  ({ headers }, response, data) => {
    const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    const range = start > 0 ? { 'content-range': `bytes ${start}-${data.length - 1}/${data.length}` } : {};
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': data.length - start, ...range });
    response.write(data.subarray(start, start + count), () => response.socket?.destroy());
  };

export const status =
  (code: number): Answer =>
  (_, response) => {
    response.writeHead(code).end('no');
  };
