import { connect as connectTo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { MAX_IMPORT_BYTES, MAX_REQUESTS_UNDER_WAY } from '../../../electron/contract/wire.ts';
import type { Workbench, WorkbenchEvent } from '../../../electron/contract.ts';
import { serveWorkbench } from '../../../electron/server/serve-workbench.ts';
import type { ConnectionStatus } from '../../../renderer/state/host-slice.ts';
import { connectSocketWorkbench, type SocketOptions } from '../../../renderer/workbench/socket-workbench.ts';
import { tokenOf } from '../../electron/server/started-server.ts';
import { fakeWorkbench } from '../fake-workbench.ts';

const FAST: SocketOptions = { retryMs: 10 };
const removed = (id: string): WorkbenchEvent => ({ event: 'job.removed', payload: { id } });
const lost = { name: 'ConnectionLostError', hint: expect.stringContaining('tried again') };

describe('the WebSocket client', () => {
  it('asks and hears the host as if it were here', async () => {
    const workbench = fakeWorkbench({
      'images.get': ({ file }) => ({
        mediaType: 'image/png',
        width: 2,
        height: 1,
        data: new TextEncoder().encode(file),
      }),
      'runs.import': ({ data }) => ({ run: `of ${data.length}`, holds: 'scheme' }),
    });
    const { connect } = await serve(workbench);
    const { workbench: remote } = connect();
    const image = await remote.request('images.get', { run: 'r', file: 'a.png', maxSize: null });
    expect(image).toEqual({ mediaType: 'image/png', width: 2, height: 1, data: new TextEncoder().encode('a.png') });
    const imported = await remote.request('runs.import', { fileName: 'a', data: new Uint8Array(100_000) });
    expect(imported).toEqual({ run: 'of 100000', holds: 'scheme' });

    const heard: WorkbenchEvent[] = [];
    const unsubscribe = remote.subscribe((event) => heard.push(event));
    workbench.emit(removed('a'));
    await expect.poll(() => heard).toEqual([removed('a')]);
    unsubscribe();
    workbench.emit(removed('b'));
    await remote.request('runs.import', { fileName: 'a', data: new Uint8Array(1) });
    expect(heard).toHaveLength(1);
  });

  it('rejects with name, message and hint of the host', async () => {
    const failure = Object.assign(new Error('gone'), { name: 'NotFoundError', hint: 'Look again.' });
    const { connect } = await serve(fakeWorkbench({ 'runs.open': () => Promise.reject(failure) }));
    const asked = connect().workbench.request('runs.open', { run: 'x' });
    await expect(asked).rejects.toMatchObject({ name: 'NotFoundError', message: 'gone', hint: 'Look again.' });
  });

  it('rejects what it cannot send, and goes on', async () => {
    const { connect } = await serve(fakeWorkbench({ 'jobs.cancel': () => ({}) }));
    const { workbench } = connect();
    await expect(workbench.request('settings.set', { delta: Number.NaN })).rejects.toThrow(
      'message.params.delta is NaN',
    );
    await expect(workbench.request('jobs.cancel', { id: 'x' })).resolves.toEqual({});
  });

  it('sends nothing that the server would end the connection for', async () => {
    const host = fakeWorkbench({ 'jobs.cancel': () => ({}) });
    const { connect } = await serve(host);
    const { workbench } = connect();
    const data = new Uint8Array(MAX_IMPORT_BYTES + 1);
    await expect(workbench.request('runs.import', { fileName: 'a', data })).rejects.toMatchObject({
      name: 'RequestTooLargeError',
      message: 'This is too large to send: 128 MiB at most.',
    });
    await expect(workbench.request('jobs.cancel', { id: 'x' })).resolves.toEqual({});
  });

  it('asks no more at once than the server takes, and all in the end', async () => {
    let [underWay, most] = [0, 0];
    const host = fakeWorkbench({
      'images.get': async ({ maxSize }) => {
        underWay += 1;
        most = Math.max(most, underWay);
        await sleep(1);
        underWay -= 1;
        return { mediaType: 'image/png', width: maxSize ?? 0, height: 1, data: new Uint8Array(1) };
      },
    });
    const { connect } = await serve(host);
    const { workbench } = connect();
    const ask = (n: number) => workbench.request('images.get', { run: 'r', file: 'f', maxSize: 16 + n });
    const images = await Promise.all(Array.from({ length: 500 }, (_, n) => ask(n)));
    expect(images.map(({ width }) => width)).toEqual(Array.from({ length: 500 }, (_, n) => 16 + n));
    expect(most).toBeLessThanOrEqual(MAX_REQUESTS_UNDER_WAY);
  });

  it('comes back after a loss: requests under way reject, subscriptions stay', async () => {
    const host = fakeWorkbench({ device: () => new Promise(() => {}), 'jobs.cancel': () => ({}) });
    const { connect, drop } = await serve(host);
    const { workbench, onStatus } = connect();
    const statuses: ConnectionStatus[] = [];
    const heard: WorkbenchEvent[] = [];
    onStatus((status) => statuses.push(status));
    workbench.subscribe((event) => heard.push(event));
    await workbench.request('jobs.cancel', { id: 'x' });
    const underWay = workbench.request('device', {});
    await expect.poll(() => host.asked).toHaveLength(2);

    drop();
    await expect(underWay).rejects.toMatchObject(lost);
    await expect(workbench.request('device', {})).rejects.toMatchObject(lost);
    await expect.poll(() => statuses).toEqual(['connecting', 'open', 'lost', 'open']);
    await workbench.request('jobs.cancel', { id: 'x' });
    host.emit(removed('after'));
    await expect.poll(() => heard).toEqual([removed('after')]);
  });

  it('rejects what waited for a host that is not there, and finds it once it is', async () => {
    const taken = await serve(fakeWorkbench({}));
    await taken.stop();
    const { workbench, onStatus } = taken.connect();
    const statuses: ConnectionStatus[] = [];
    onStatus((status) => statuses.push(status));
    await expect(workbench.request('device', {})).rejects.toMatchObject(lost);
    const server = new WebSocketServer({ host: '127.0.0.1', port: taken.port });
    server.on('connection', (socket) => socket.send('{"welcome":true}'));
    onTestFinished(() => server.close());
    await expect.poll(() => statuses).toEqual(['connecting', 'lost', 'open']);
  });

  it('waits longer and longer between attempts', async () => {
    const attempts: number[] = [];
    const server = new WebSocketServer({
      host: '127.0.0.1',
      port: 0,
      verifyClient: (_info, decide) => {
        attempts.push(performance.now());
        decide(false, 503);
      },
    });
    onTestFinished(() => server.close());
    await new Promise((resolve) => server.on('listening', resolve));
    const { port } = server.address() as { port: number };
    const connection = connectSocketWorkbench(`ws://127.0.0.1:${port}`, 'x', { retryMs: 20 });
    onTestFinished(() => connection.close());
    await expect.poll(() => attempts.length, { timeout: 5000 }).toBe(6);
    // 20, 40, 80, 160 and 320 ms, each ± a quarter; less what the first attempt took longer to arrive.
    expect(attempts[5]! - attempts[0]!).toBeGreaterThan(400);
    expect(attempts[5]! - attempts[4]!).toBeGreaterThan(200);
  });

  it('gives up a connection that died without a word', async () => {
    const mute = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    onTestFinished(() => {
      for (const client of mute.clients) client.terminate();
      mute.close();
    });
    await new Promise((resolve) => mute.on('listening', resolve));
    const { port } = mute.address() as { port: number };
    const connection = connectSocketWorkbench(`ws://127.0.0.1:${port}`, 'x', { retryMs: 1000, silenceMs: 40 });
    onTestFinished(() => connection.close());
    await expect(connection.workbench.request('device', {})).rejects.toMatchObject(lost);
  });

  it('keeps a quiet connection to a host that answers', async () => {
    const host = fakeWorkbench({ 'settings.get': () => Promise.reject(new Error('none')) });
    const { connect } = await serve(host);
    const { onStatus } = connect({ ...FAST, silenceMs: 25 });
    const statuses: ConnectionStatus[] = [];
    onStatus((status) => statuses.push(status));
    await expect.poll(() => host.asked.length).toBeGreaterThan(3);
    expect(statuses).toEqual(['connecting', 'open']);
  });

  it('drops a server that speaks another language', async () => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    onTestFinished(() => server.close());
    server.on('connection', (socket) => socket.send('hello?'));
    await new Promise((resolve) => server.on('listening', resolve));
    const connection = connectSocketWorkbench(`ws://127.0.0.1:${(server.address() as { port: number }).port}`, 'x', {
      retryMs: 1000,
    });
    onTestFinished(() => connection.close());
    await expect(connection.workbench.request('device', {})).rejects.toMatchObject(lost);
  });

  it.each([null, 'of another start'])('does not ask again with the token %j', async (token) => {
    const host = fakeWorkbench({ device: () => new Promise(() => {}) });
    const { connect } = await serve(host);
    const { workbench, onStatus } = connect(FAST, token);
    const statuses: ConnectionStatus[] = [];
    onStatus((status) => statuses.push(status));
    await expect.poll(() => statuses.at(-1)).toBe('refused');
    await expect(workbench.request('device', {})).rejects.toMatchObject({ name: 'LoginRefusedError' });
    expect(statuses).not.toContain('open');
    expect(host.asked).toEqual([]);
  });

  it('once closed stays closed', async () => {
    const { connect } = await serve(fakeWorkbench({}));
    const { workbench, onStatus, close } = connect();
    const statuses: ConnectionStatus[] = [];
    onStatus((status) => statuses.push(status));
    await expect.poll(() => statuses).toContain('open');
    close();
    await sleep(60);
    expect(statuses).toEqual(['connecting', 'open', 'lost']);
    await expect(workbench.request('device', {})).rejects.toMatchObject(lost);
  });
});

/** A real server for one test. `drop` cuts all connections from the side of the network. */
async function serve(workbench: Workbench) {
  const server = await serveWorkbench(workbench, { host: '127.0.0.1', port: 0, pages: '/nowhere' });
  const sockets = new Set<Socket>();
  const tunnel = createServer((incoming) => {
    const outgoing = incoming.pipe(connectTo(server.port, '127.0.0.1'));
    outgoing.pipe(incoming);
    sockets.add(incoming).add(outgoing);
    for (const socket of [incoming, outgoing]) socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => tunnel.listen(0, '127.0.0.1', resolve));
  const { port } = tunnel.address() as { port: number };
  const url = `ws://127.0.0.1:${port}/workbench`;
  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  const stop = async () => {
    drop();
    tunnel.close();
    await server.close();
  };
  onTestFinished(stop);
  return {
    port,
    drop,
    stop,
    connect(options = FAST, token: string | null = tokenOf(server.url)) {
      const connection = connectSocketWorkbench(url, token, options);
      onTestFinished(() => connection.close());
      return connection;
    },
  };
}
