import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { encodeRseTable } from '../../../../calibration/index.ts';
import type { RequestName, RequestParams } from '../../../../electron/contract.ts';
import { encodePng } from '../../../../electron/engine/png.ts';
import { smallTable } from '../../../calibration/small-table.ts';
import { RawClient, tokenOf } from '../started-server.ts';
import { FuzzClient, type Tally } from './fuzz-client.ts';
import { hostileFrame } from './hostile-frame.ts';
import { hostileRequest } from './hostile-request.ts';
import { Random } from './random.ts';
import { snapshotTree } from './snapshot-tree.ts';

/** At least so many are answered; a little more are sent, because a few end the connection with those around them. */
const REQUESTS = 100_000;
const FRAMES = 2000;
const MARGIN = 1.03;
const CLIENTS = 4;
const BATCH = 50;
const SEED = 20_260_731;
const MiB = 2 ** 20;
/** Of objects that are still in use, and of the process with what its workers and allocators keep for later. */
const MOST_GROWTH = { live: 32 * MiB, resident: 400 * MiB };
const QUICK_MS = 3000;

it(`the real host outlives ${REQUESTS} hostile requests and ${FRAMES} hostile frames`, {
  timeout: 300_000,
}, async () => {
  const root = await mkdtemp(join(tmpdir(), 'arrowhead-fuzz-'));
  const [library, decoy] = [join(root, 'library'), join(root, 'decoy')];
  await mkdir(join(decoy, 'transformer'), { recursive: true });
  await writeFile(join(decoy, 'secret.txt'), 'not for the host');
  await writeFile(join(decoy, 'model_index.json'), '{"_class_name":"FluxPipeline"}');
  await writeFile(join(decoy, 'transformer', 'config.json'), '{}');
  const before = await snapshotTree(decoy);

  const host = fork(fileURLToPath(new URL('./served-host.ts', import.meta.url)), [library], {
    execArgv: ['--expose-gc'],
  });
  onTestFinished(async () => {
    if (host.exitCode === null && host.kill('SIGKILL')) await once(host, 'exit');
    await rm(root, { recursive: true, force: true });
  });
  const [{ url }] = (await once(host, 'message')) as [{ url: string }];
  const server = { port: Number(new URL(url).port), token: tokenOf(url) };
  const good = await RawClient.open(server);
  let goodId = 0;
  const ask = async <N extends RequestName>(request: N, params: RequestParams<N>) => {
    good.send({ id: ++goodId, request, params });
    return (await good.reply(goodId)).reply as Record<string, string>;
  };
  const { run } = await ask('runs.import', {
    fileName: 'rse.safetensors',
    data: new Uint8Array(encodeRseTable(smallTable())),
  });
  const picture = await encodePng({ width: 8, height: 8, pixels: new Uint8Array(192).fill(90) });
  for (const name of ['original.png', 'compressed.png']) await writeFile(join(library, run!, name), picture);

  const tally: Tally = { replies: 0, errors: 0, ended: 0, names: new Map() };
  const fuzz = (requests: number, frames: number, seed: number) =>
    Promise.all(
      Array.from({ length: CLIENTS }, async (_, i) => {
        const random = new Random(seed + i);
        const client = new FuzzClient(server, tally);
        const batches = Math.ceil((requests * MARGIN) / CLIENTS / BATCH);
        for (let batch = 0; batch < batches; batch += 1) {
          await client.askAll(Array.from({ length: BATCH }, () => hostileRequest(random, { decoy, run: run! })));
          for (let frame = 0; frame < frames / CLIENTS / batches; frame += 1)
            await client.provoke(hostileFrame(random));
        }
        client.close();
      }),
    );

  await fuzz(REQUESTS / 10, FRAMES / 10, SEED);
  const warm = await memoryOf(host);
  const start = performance.now();
  await fuzz((REQUESTS / 10) * 9, (FRAMES / 10) * 9, SEED + 1000);
  const seconds = (performance.now() - start) / 1000;

  const asked = performance.now();
  expect(await ask('hello', { version: 1 })).toMatchObject({ library });
  expect(await ask('runs.list', {})).toHaveProperty('runs');
  const answeredMs = performance.now() - asked;
  const memory = await memoryOf(host);
  const growth = { live: memory.live - warm.live, resident: memory.resident - warm.resident };
  const names = Object.fromEntries([...tally.names].sort((a, b) => b[1] - a[1]));
  process.stdout.write(`${JSON.stringify({ ...tally, names, seconds, answeredMs, warm, growth })}\n`);

  expect(host.exitCode).toBeNull();
  expect(tally.replies + tally.errors).toBeGreaterThanOrEqual(REQUESTS);
  expect(tally.ended).toBeGreaterThanOrEqual(FRAMES);
  expect(tally.replies).toBeGreaterThan(REQUESTS / 50);
  expect(tally.names.get('InvalidRequestError')).toBeGreaterThan(REQUESTS / 2);
  expect(answeredMs).toBeLessThan(QUICK_MS);
  expect(growth.live).toBeLessThan(MOST_GROWTH.live);
  expect(growth.resident).toBeLessThan(MOST_GROWTH.resident);
  expect(await snapshotTree(decoy)).toEqual(before);
  expect((await readdir(root)).sort()).toEqual(['decoy', 'library']);

  host.send('end');
  expect(await once(host, 'exit')).toEqual([0, null]);
});

/** Bytes, after a garbage collection. */
async function memoryOf(host: ChildProcess): Promise<{ live: number; resident: number }> {
  host.send('memory');
  const [memory] = await once(host, 'message');
  return memory;
}
