import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Settings, WorkbenchEvent } from '../../../electron/contract.ts';
import { serveWorkbench } from '../../../electron/server/serve-workbench.ts';
import { fakeWorkbench } from '../../renderer/fake-workbench.ts';
import { RawClient, sendUnfinished, startServer } from './started-server.ts';

const progress = (id: string, value: number): WorkbenchEvent => ({
  event: 'job.progress',
  payload: { id, progress: { value, title: 'Calibrating', detail: '', etaSeconds: null } },
});
const image = (bytes: number) => ({
  mediaType: 'image/png' as const,
  width: 1,
  height: 1,
  data: new Uint8Array(bytes).fill(7),
});
const anImage = { run: 'a', file: 'b.png', maxSize: null };

describe('opening', () => {
  it.each<[string, (port: number) => [string, Record<string, string>], number]>([
    ['a foreign page', (port) => [`127.0.0.1:${port}/workbench`, { origin: 'http://evil.example' }], 403],
    ['a page of another port', (port) => [`127.0.0.1:${port}/workbench`, { origin: 'http://127.0.0.1:1' }], 403],
    ['an opaque page', (port) => [`127.0.0.1:${port}/workbench`, { origin: 'null' }], 403],
    [
      'a rebound name',
      (port) => [`127.0.0.1:${port}/workbench`, { host: 'evil.example', origin: 'http://evil.example' }],
      403,
    ],
    ['another path', (port) => [`127.0.0.1:${port}/other`, {}], 404],
  ])('is refused to %s', async (_name, attempt, status) => {
    const server = await startServer(fakeWorkbench({}));
    const [address, headers] = attempt(server.port);
    await expect(RawClient.openAt(`ws://${address}`, headers)).rejects.toThrow(`HTTP ${status}`);
  });

  it('needs a login first', async () => {
    const workbench = fakeWorkbench({ device: () => new Promise(() => {}) });
    const server = await startServer(workbench);
    const other = await startServer(fakeWorkbench({}));
    const first: [string | Buffer, string][] = [
      [JSON.stringify({ id: 1, request: 'device', params: {} }), 'expected a login as the first message'],
      [Buffer.from(JSON.stringify({ token: server.token })), 'expected a login as the first message'],
      [JSON.stringify({ token: server.token, more: 1 }), 'expected a login as the first message'],
      ['{', 'expected a login as the first message'],
      ['', 'expected a login as the first message'],
      [JSON.stringify({ token: '' }), 'not the token of this server'],
      [JSON.stringify({ token: server.token.slice(1) }), 'not the token of this server'],
      [JSON.stringify({ token: other.token }), 'not the token of this server'],
    ];
    for (const [message, reason] of first) {
      const client = await RawClient.openAt(`ws://127.0.0.1:${server.port}/workbench`);
      client.socket.send(message);
      // Whatever comes after it is not looked at.
      client.send({ token: server.token });
      client.send({ id: 1, request: 'device', params: {} });
      expect(await client.closed).toEqual({ code: 4401, reason });
      expect(client.messages).toEqual([]);
    }
    expect(workbench.asked).toEqual([]);
  });

  it('takes requests that come right behind the login', async () => {
    const server = await startServer(fakeWorkbench({ 'jobs.cancel': () => ({}) }));
    const client = await RawClient.openAt(`ws://127.0.0.1:${server.port}/workbench`);
    client.send({ token: server.token });
    client.send({ id: 1, request: 'jobs.cancel', params: { id: 'x' } });
    expect(await client.reply(1)).toEqual({ id: 1, reply: {} });
  });

  it('ends without a login in time, and tells nothing before it', async () => {
    const workbench = fakeWorkbench({});
    const server = await startServer(workbench, { limits: { loginMs: 30 } });
    const client = await RawClient.openAt(`ws://127.0.0.1:${server.port}/workbench`);
    workbench.emit(progress('j', 0.5));
    expect(await client.closed).toEqual({ code: 4401, reason: 'no login in time' });
    expect(client.messages).toEqual([]);
  });

  it('takes next to nothing before the login', async () => {
    const server = await startServer(fakeWorkbench({}));
    const client = await RawClient.openAt(`ws://127.0.0.1:${server.port}/workbench`);
    sendUnfinished(client, 8 * 2 ** 20, 100_000);
    expect(await client.closed).toEqual({ code: 1009, reason: 'a message holds at most 1024 bytes' });
  });

  it('cannot be kept from others by those who never log in', async () => {
    const server = await startServer(fakeWorkbench({}), { limits: { strangers: 3 } });
    const url = `ws://127.0.0.1:${server.port}/workbench`;
    const [oldest] = [await RawClient.openAt(url), await RawClient.openAt(url), await RawClient.openAt(url)];
    await RawClient.open(server);
    expect((await oldest.closed).code).toBe(1006);
  });

  it('is bounded in number, and frees the place of who left', async () => {
    const server = await startServer(fakeWorkbench({}), { limits: { clients: 2 } });
    const first = await RawClient.open(server);
    await RawClient.open(server);
    await expect(RawClient.open(server)).rejects.toThrow('1013 2 windows are connected already');
    first.socket.close();
    await first.closed;
    await RawClient.open(server);
  });
});

describe('requests', () => {
  it('are answered once each, in any order, pictures as binary frames', async () => {
    const workbench = fakeWorkbench({
      'images.get': async () => {
        await sleep(50);
        return image(5);
      },
      'jobs.cancel': () => ({}),
    });
    const client = await RawClient.open(await startServer(workbench));
    client.send({ id: 1, request: 'images.get', params: anImage });
    client.send({ id: 2, request: 'jobs.cancel', params: { id: 'x' } });
    expect(await client.reply(2)).toEqual({ id: 2, reply: {} });
    expect(client.messages).toHaveLength(1);
    expect(await client.reply(1)).toEqual({ id: 1, reply: image(5) });
    await sleep(30);
    expect(client.messages).toHaveLength(2);
  });

  it('without a name or params are answered with an error', async () => {
    const client = await RawClient.open(await startServer(fakeWorkbench({})));
    client.send({ id: 90, more: true });
    expect(await client.reply(90)).toMatchObject({ error: { message: 'expected { id, request, params }' } });
  });

  it('that fail tell name, message and hint', async () => {
    const failure = Object.assign(new Error('no such run'), { name: 'NotFoundError', hint: 'Look again.' });
    const client = await RawClient.open(
      await startServer(fakeWorkbench({ 'runs.open': () => Promise.reject(failure) })),
    );
    client.send({ id: 3, request: 'runs.open', params: { run: 'x' } });
    const error = { name: 'NotFoundError', message: 'no such run', hint: 'Look again.' };
    expect(await client.reply(3)).toEqual({ id: 3, error });
  });

  it.each<[string, string | Buffer, number, string]>([
    ['no JSON', '{', 1008, 'expected JSON'],
    ['no id', '{"request":"device","params":{}}', 1008, 'expected a request with an id'],
    ['an odd id', '{"id":-1,"request":"device","params":{}}', 1008, 'expected a request with an id'],
    ['no object', '7', 1008, 'expected a request with an id'],
    ['no frame of ours', Buffer.from([1, 2, 3]), 1008, 'expected a binary frame'],
    ['too large a frame', Buffer.alloc(1_000_001), 1009, ''],
    ['too long a text', ' '.repeat(1001), 1009, 'at most 1000 bytes'],
    ['too deep a text', '['.repeat(70), 1008, 'nests at most'],
    ['too many values', `[${'1,'.repeat(90)}1]`, 1008, 'at most 90 values'],
  ])('of which nothing can be made end the connection: %s', async (_name, frame, code, reason) => {
    const server = await startServer(fakeWorkbench({}), {
      limits: { frame: { frame: 1_000_000, json: 1000, values: 90, arrays: 16 } },
    });
    const client = await RawClient.open(server);
    client.socket.send(frame);
    const closed = await client.closed;
    expect(closed.code).toBe(code);
    expect(closed.reason).toContain(reason);
  });

  it('are small unless they carry a file', async () => {
    const workbench = fakeWorkbench({ 'runs.import': ({ data }) => ({ run: `of ${data.length}`, holds: 'table' }) });
    const client = await RawClient.open(await startServer(workbench));
    const data = new Uint8Array(5 * 2 ** 20);
    client.send({ id: 1, request: 'images.get', params: { data } });
    expect(await client.reply(1)).toMatchObject({
      error: {
        name: 'RequestTooLargeError',
        message: expect.stringContaining('images.get takes at most 4194304 bytes'),
      },
    });
    client.send({ id: 2, request: 'runs.import', params: { fileName: 'a', data } });
    expect(await client.reply(2)).toMatchObject({ reply: { run: `of ${data.length}` } });
  });

  it('that are begun and never finished take a bounded memory in all, at the cost of the largest', async () => {
    const workbench = fakeWorkbench({ 'jobs.cancel': () => ({}) });
    const server = await startServer(workbench, { limits: { unfinishedBytes: 3_000_000 } });
    const [large, ...small] = await Promise.all(Array.from({ length: 3 }, () => RawClient.open(server)));
    sendUnfinished(large!, 60 * 2 ** 20, 1_800_000);
    for (const client of small) sendUnfinished(client, 60 * 2 ** 20, 700_000);
    const closed = { code: 1009, reason: 'too much is being sent to this server; send it again later' };
    expect(await large!.closed).toEqual(closed);
    for (const { socket } of small) expect(socket.readyState).toBe(socket.OPEN);
    const other = await RawClient.open(server);
    other.send({ id: 1, request: 'jobs.cancel', params: { id: 'x' } });
    expect(await other.reply(1)).toEqual({ id: 1, reply: {} });
  });

  it('with an id in use end the connection', async () => {
    const client = await RawClient.open(await startServer(fakeWorkbench({ device: () => new Promise(() => {}) })));
    client.send({ id: 1, request: 'device', params: {} });
    client.send({ id: 1, request: 'device', params: {} });
    expect(await client.closed).toEqual({ code: 1008, reason: 'id 1 is in use by another request' });
  });

  it('are bounded in number while under way', async () => {
    const workbench = fakeWorkbench({ device: () => new Promise(() => {}) });
    const client = await RawClient.open(await startServer(workbench, { limits: { requestsUnderWay: 3 } }));
    for (let id = 0; id < 4; id += 1) client.send({ id, request: 'device', params: {} });
    expect(await client.reply(3)).toMatchObject({ error: { name: 'TooManyRequestsError' } });
    expect(workbench.asked).toHaveLength(3);
  });

  it.each(['messages', 'pings'])('in a flood of %s end the connection, and others go on', async (what) => {
    const workbench = fakeWorkbench({ 'jobs.cancel': () => ({}) });
    const server = await startServer(workbench, { limits: { messagesPerSecond: 10, messagesAtOnce: 50 } });
    const [flood, other] = await Promise.all([RawClient.open(server), RawClient.open(server)]);
    for (let id = 0; id < 5000; id += 1)
      if (what === 'pings') flood.socket.ping();
      else flood.send({ id, request: 'jobs.cancel', params: { id: 'x' } });
    expect(await flood.closed).toEqual({ code: 1008, reason: 'more than 10 messages a second' });
    expect(workbench.asked.length).toBeLessThan(80);
    other.send({ id: 1, request: 'jobs.cancel', params: { id: 'x' } });
    expect(await other.reply(1)).toEqual({ id: 1, reply: {} });
  });
});

describe('events', () => {
  it('go to every client', async () => {
    const workbench = fakeWorkbench({});
    const server = await startServer(workbench);
    const clients = await Promise.all([RawClient.open(server), RawClient.open(server)]);
    workbench.emit(progress('j', 0.5));
    for (const client of clients)
      expect(await client.next(({ event }) => event === 'job.progress')).toEqual(progress('j', 0.5));
  });

  it('for a slow reader are replaced by newer ones, and memory stays small', async () => {
    const workbench = fakeWorkbench({});
    const server = await startServer(workbench, { limits: { slowBytes: 64 * 1024 } });
    const [slow, quick] = await Promise.all([RawClient.open(server), RawClient.open(server)]);
    slow.socket.pause();
    const detail = 'x'.repeat(10_000);
    const before = process.memoryUsage();
    const told = 20_000;
    for (let i = 1; i <= told; i += 1) {
      workbench.emit({
        event: 'job.progress',
        payload: { id: `j${i % 4}`, progress: { value: i / told, title: '', detail, etaSeconds: null } },
      });
      if (i % 50 === 0) await sleep(0);
    }
    const last = ({ event, payload }: Record<string, unknown>) =>
      event === 'job.progress' && (payload as { progress: { value: number } }).progress.value === 1;
    await quick.next(last);
    const after = process.memoryUsage();
    // 200 MB were told; the quick reader, in this process too, keeps what it read.
    expect(after.external + after.arrayBuffers - before.external - before.arrayBuffers).toBeLessThan(60e6);
    slow.socket.resume();
    await slow.next(last);
    expect(slow.messages.length).toBeLessThan(told / 2);
    const values = slow.messages.map(
      (message) => (message as { payload: { progress: { value: number } } }).payload.progress.value,
    );
    expect(values).toEqual([...values].sort((a, b) => a - b));
  });

  it('that cannot be sent end nothing', async () => {
    const workbench = fakeWorkbench({ 'jobs.cancel': () => ({}) });
    const client = await RawClient.open(await startServer(workbench));
    workbench.emit({ event: 'settings.changed', payload: { settings: { delta: Number.NaN } as Settings } });
    client.send({ id: 1, request: 'jobs.cancel', params: { id: 'x' } });
    expect(await client.reply(1)).toEqual({ id: 1, reply: {} });
  });
});

describe('clients that do not read', () => {
  it('are not read from, so what waits for them stays bounded', async () => {
    const workbench = fakeWorkbench({ 'images.get': () => image(500_000) });
    const server = await startServer(workbench, {
      limits: { slowBytes: 1e6, messagesPerSecond: 1e6, messagesAtOnce: 1e6, requestsUnderWay: 8 },
    });
    const client = await RawClient.open(server);
    client.socket.pause();
    for (let id = 0; id < 20_000; id += 1) client.send({ id, request: 'images.get', params: anImage });
    await sleep(300);
    const asked = workbench.asked.length;
    expect(asked).toBeLessThan(5000);
    client.socket.resume();
    while (client.messages.length < 20_000) await sleep(5);
    expect(new Set(client.messages.map((message) => (message as { id: number }).id)).size).toBe(20_000);
  });

  it('are given up in the end', async () => {
    const server = await startServer(fakeWorkbench({}), { limits: { heartbeatMs: 40, clients: 1 } });
    const client = await RawClient.open(server);
    client.socket.pause();
    await sleep(200);
    client.socket.resume();
    expect((await client.closed).code).toBe(1006);
    await RawClient.open(server);
  });

  it('but answer pings stay', async () => {
    const server = await startServer(fakeWorkbench({}), { limits: { heartbeatMs: 30 } });
    const client = await RawClient.open(server);
    await sleep(200);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
  });
});

describe('the end', () => {
  it('says goodbye to all, and lets nothing keep it waiting', async () => {
    const workbench = fakeWorkbench({});
    const server = await startServer(workbench);
    const [polite, deaf] = await Promise.all([RawClient.open(server), RawClient.open(server)]);
    deaf.socket.pause();
    const start = performance.now();
    await server.close();
    expect(performance.now() - start).toBeLessThan(3000);
    expect(await polite.closed).toEqual({ code: 1001, reason: 'the server ends' });
    workbench.emit(progress('j', 1));
    await expect(RawClient.open(server)).rejects.toThrow('ECONNREFUSED');
  });
});

describe('listening', () => {
  const options = { host: '127.0.0.1', pages: '/nowhere' };

  it('at a port in use says so', async () => {
    const { port } = await startServer(fakeWorkbench({}));
    await expect(serveWorkbench(fakeWorkbench({}), { ...options, port })).rejects.toMatchObject({
      name: 'ListenError',
      message: expect.stringContaining(`Port ${port} of 127.0.0.1 is in use`),
    });
  });

  it('at a foreign address says so', async () => {
    await expect(serveWorkbench(fakeWorkbench({}), { ...options, host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
      name: 'ListenError',
      message: expect.stringContaining('192.0.2.1 is no address of this machine'),
    });
  });
});
