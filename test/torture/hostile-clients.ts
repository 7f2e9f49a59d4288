import type { Socket } from 'node:net';
import path from 'node:path';
import { WebSocket } from 'ws';
import type { Campaign } from './campaign.ts';
import { hostileFrame } from '../electron/server/fuzz/hostile-frame.ts';
import { hostileRequest } from '../electron/server/fuzz/hostile-request.ts';
import { Random } from '../electron/server/fuzz/random.ts';
import { childrenOf, peakMemory, type Served, startServed } from './served.ts';

const MiB = 2 ** 20;
const MOST_MEMORY = 1024 * MiB;
/** Within which a good client is answered all the while. */
const PATIENCE_MS = 20_000;

/** Clients that flood, never finish, never read or speak nonsense, while a good one asks on. */
export const hostileClients = (times: number): Campaign => ({
  name: 'hostile clients',
  async run(trial) {
    const random = new Random(trial.seed);
    const served = await startServed(path.join(trial.folder, 'library'));
    const { pid } = served.child;
    const answered = async (after: string) => {
      const start = performance.now();
      const timeout = new Promise<never>((_, reject) =>
        setTimeout(() => reject(new Error('no answer')), PATIENCE_MS).unref(),
      );
      try {
        await Promise.race([served.workbench.request('runs.list', {}), timeout]);
        trial.count('answers to the good client');
      } catch (error) {
        trial.losses.push(
          `${after}: the good client waits (${(error as Error).message}, ${served.errors().slice(-500)})`,
        );
      }
      return performance.now() - start;
    };
    await answered('the start');

    for (const loggedIn of [false, true]) {
      const sockets = await Promise.all(Array.from({ length: 15 }, () => connect(served, loggedIn)));
      await Promise.all(sockets.map((socket) => sendUnfinished(socket, 60 * MiB)));
      trial.count('unfinished frames of 60 MiB', sockets.length);
      await answered('unfinished frames');
      for (const socket of sockets) socket.terminate();
    }
    trial.check(peakMemory(pid!) < MOST_MEMORY, `unfinished frames: ${Math.round(peakMemory(pid!) / MiB)} MiB`);

    const bombs: [string, string][] = [
      ['deep JSON', '['.repeat(3 * MiB)],
      ['keys', `{${Array.from({ length: 250_000 }, (_, n) => `"k${n}":1`).join(',')}}`],
      [
        'keys in params',
        JSON.stringify({
          id: 1,
          request: 'device',
          params: Object.fromEntries(Array.from({ length: 90_000 }, (_, n) => [`k${n}`, 1])),
        }),
      ],
      ['a long string', JSON.stringify({ id: 1, request: 'x'.repeat(3 * MiB), params: {} })],
      ['too long a text', ' '.repeat(20 * MiB)],
    ];
    for (const [name, text] of bombs) {
      const socket = await connect(served, true);
      socket.send(text);
      trial.count('bombs');
      trial.check((await answered(name)) < PATIENCE_MS / 2, `${name} keeps the host busy`);
      socket.terminate();
    }
    const imports: [string, Uint8Array<ArrayBuffer>][] = [
      ['x.scheme.json', Buffer.from(`{"a":${'['.repeat(5 * MiB)}`)],
      ['x.scheme.json', Buffer.from(`{${Array.from({ length: 400_000 }, (_, n) => `"k${n}":1`).join(',')}}`)],
      [
        'x.safetensors',
        Buffer.concat([Buffer.from([0, 0, 0x50, 0, 0, 0, 0, 0]), Buffer.from(`{"a":${'['.repeat(5 * MiB)}`)]),
      ],
    ];
    for (const [fileName, data] of imports) {
      const imported = served.workbench.request('runs.import', { fileName, data: new Uint8Array(data) }).then(
        () => 'taken',
        () => 'refused',
      );
      const start = performance.now();
      await served.workbench.request('settings.get', {});
      trial.check(performance.now() - start < 2000, 'an import keeps the host busy');
      trial.check((await imported) === 'refused', `${fileName} of nonsense is taken`);
      trial.count('hostile imports');
    }

    const slow = await connect(served, true);
    slow.pause();
    for (let id = 0; id < 400; id++) slow.send(JSON.stringify({ id, request: 'runs.list', params: {} }));
    const flood = await connect(served, true);
    for (let id = 0; id < 20_000; id++) flood.send(JSON.stringify({ id, request: 'settings.get', params: {} }));
    trial.count('floods', 2);
    await answered('a flood and a slow reader');
    slow.terminate();
    flood.terminate();

    for (let n = 0; n < times; n++) {
      const socket = await connect(served, true);
      socket.send(hostileFrame(random));
      for (let m = 0; m < 20; m++) {
        const wrong = hostileRequest(random, { decoy: path.join(trial.folder, 'decoy'), run: 'x' });
        socket.send(JSON.stringify({ id: m, ...wrong }));
      }
      trial.count('hostile frames');
      if (n % 20 === 0) await answered('hostile frames');
      socket.terminate();
    }
    await answered('all');
    trial.check(peakMemory(pid!) < MOST_MEMORY, `the host took ${Math.round(peakMemory(pid!) / MiB)} MiB`);
    trial.count('MiB at most', Math.round(peakMemory(pid!) / MiB));
    const children = childrenOf(pid!);
    trial.check(
      (await served.end('SIGTERM')) === 0,
      `the host ended with ${served.child.exitCode ?? served.child.signalCode}`,
    );
    trial.check(
      children.every((child) => !isAlive(child)),
      'processes of the host outlive it',
    );
  },
});

function connect({ port, token }: Served, loggedIn: boolean): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/workbench`);
    socket.on('error', (error) => reject(error));
    socket.on('open', () => {
      if (!loggedIn) resolve(socket);
      else socket.send(JSON.stringify({ token }));
    });
    socket.once('message', () => resolve(socket));
    socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
  });
}

/** All of a frame but its last byte, or as much as the server takes. */
async function sendUnfinished(socket: WebSocket, bytes: number): Promise<void> {
  const raw = (socket as unknown as { _socket: Socket })._socket;
  const header = Buffer.alloc(14);
  header[0] = 0x82;
  header[1] = 0xff;
  header.writeBigUInt64BE(BigInt(bytes), 2);
  raw.on('error', () => {});
  raw.write(header);
  const chunk = Buffer.alloc(MiB);
  const closed = new Promise<void>((resolve) => raw.once('close', resolve));
  for (let sent = 0; sent < bytes - MiB && raw.writable; sent += MiB) {
    if (raw.write(chunk)) continue;
    await Promise.race([closed, new Promise((resolve) => raw.once('drain', resolve))]);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
