import { afterEach, expect, it } from 'vitest';
import { WorkerLink } from '../../../electron/host/workers/worker-link.ts';
import type { TestCalls } from './test-worker.ts';

let link: WorkerLink<TestCalls>;
afterEach(() => link.close());
const start = () => {
  link = new WorkerLink<TestCalls>(new URL('./test-worker.ts', import.meta.url), 'test worker');
  return link;
};

it('carries typed arrays, reports and errors with their names and hints', async () => {
  const reports: unknown[] = [];
  const doubled = await start().call('double', new Float32Array([1, 2]), {
    onReport: (report) => reports.push(report),
  });
  expect(doubled).toEqual(new Float32Array([2, 4]));
  expect(reports).toEqual([{ kind: 'notice', text: 'doubling 2 numbers' }]);
  await expect(link.call('fail', null)).rejects.toMatchObject({
    name: 'TestError',
    message: 'as asked',
    hint: 'ask for something else',
  });
});

it('cancels one call and no other', async () => {
  const controller = new AbortController();
  start();
  const cancelled = link.call('wait', null, { signal: controller.signal });
  const other = link.call('double', new Float32Array([3]));
  controller.abort();
  await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
  await expect(other).resolves.toEqual(new Float32Array([6]));
  await expect(link.call('wait', null, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
});

it.each(['exit', 'throw'] as const)(
  'a worker that dies (%s) fails its calls, and the next call has a new one',
  async (how) => {
    start();
    const waiting = link.call('wait', null);
    waiting.catch(() => {});
    await expect(link.call('die', how)).rejects.toMatchObject({
      name: 'WorkerCrashedError',
      message: expect.stringContaining('test worker stopped'),
    });
    await expect(waiting).rejects.toMatchObject({ name: 'WorkerCrashedError' });
    await expect(link.call('double', new Float32Array([4]))).resolves.toEqual(new Float32Array([8]));
  },
);

it('every thread that starts finds the data of that moment', async () => {
  let device = 'cpu';
  const entry = new URL('./test-worker.ts', import.meta.url);
  link = new WorkerLink<TestCalls>(entry, 'test worker', () => ({ device }));
  expect(await link.call('data', null)).toEqual({ device: 'cpu' });
  device = 'cuda:1';
  expect(await link.call('data', null)).toEqual({ device: 'cpu' });
  await link.call('die', 'exit').catch(() => {});
  expect(await link.call('data', null)).toEqual({ device: 'cuda:1' });
});
