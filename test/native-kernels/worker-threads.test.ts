import { once } from 'node:events';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { rmsNorm, rowsOf } from '../../native-kernels/index.ts';

test('a worker thread may be terminated in the midst of calls; others go on', async () => {
  for (let round = 0; round < 2; round++) {
    const worker = new Worker(path.join(import.meta.dirname, 'calling-worker.ts'));
    await once(worker, 'message');
    expect(await worker.terminate()).toBe(1);
  }
  const out = new Float32Array(2);
  await rmsNorm({
    x: rowsOf(Float32Array.of(3, 3), 2),
    rows: 1,
    channels: 2,
    weight: Float32Array.of(1, 2),
    eps: 0,
    out,
  });
  expect([...out]).toEqual([1, 2]);
});
