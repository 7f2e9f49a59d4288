import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { childProcess } from '../../../electron/host/workers/child-process.ts';
import { WorkerLink } from '../../../electron/host/workers/worker-link.ts';
import { workerThread } from '../../../electron/host/workers/worker-thread.ts';
import type { TestCalls } from './test-worker.ts';

const ENTRY = new URL('./test-worker.ts', import.meta.url);
type Options = ConstructorParameters<typeof WorkerLink>[2];

let link: WorkerLink<TestCalls>;
const lines: string[] = [];
afterEach(() => link.close());

const WAYS = { thread: workerThread(ENTRY), process: childProcess(ENTRY, (line) => lines.push(line)) };
function start(way: keyof typeof WAYS, options: Options = {}) {
  link = new WorkerLink<TestCalls>(WAYS[way], 'test worker', options);
  return link;
}

describe.each(['thread', 'process'] as const)('a link to a %s', (way) => {
  it('carries typed arrays, reports and errors with their names and hints', async () => {
    const reports: unknown[] = [];
    const doubled = await start(way).call('double', new Float32Array([1, 2]), {
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

  it('carries arrays of an attention map’s size whole', async () => {
    const values = Float32Array.from({ length: 3 * 1024 * 1024 }, (_, n) => n % 1021);
    const doubled = await start(way).call('double', values);
    expect(doubled).toBeInstanceOf(Float32Array);
    expect(doubled.length).toBe(values.length);
    expect(doubled.every((value, n) => value === 2 * values[n]!)).toBe(true);
  });

  it('cancels one call and no other', async () => {
    const controller = new AbortController();
    start(way);
    const cancelled = link.call('wait', null, { signal: controller.signal });
    const other = link.call('double', new Float32Array([3]));
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
    await expect(other).resolves.toEqual(new Float32Array([6]));
    const late = link.call('wait', null, { signal: AbortSignal.abort() });
    await expect(late).rejects.toMatchObject({ name: 'AbortError' });
  });

  it.each(['exit', 'throw'] as const)(
    'that dies (%s) fails its calls, and the next call has a new one',
    async (how) => {
      start(way);
      const waiting = link.call('wait', null);
      waiting.catch(() => {});
      const why = how === 'exit' ? 'it ended with code 7' : 'a fault outside of any call';
      await expect(link.call('die', how)).rejects.toMatchObject({
        name: 'WorkerCrashedError',
        message: expect.stringContaining(`test worker stopped: ${why}`),
      });
      await expect(waiting).rejects.toMatchObject({ name: 'WorkerCrashedError' });
      await expect(link.call('double', new Float32Array([4]))).resolves.toEqual(new Float32Array([8]));
    },
  );

  it('gives every worker that starts the data of that moment', async () => {
    let device = 'cpu';
    start(way, { data: () => ({ device }) });
    expect(await link.call('data', null)).toEqual({ device: 'cpu' });
    device = 'cuda:1';
    expect(await link.call('data', null)).toEqual({ device: 'cpu' });
    await link.call('die', 'exit').catch(() => {});
    expect(await link.call('data', null)).toEqual({ device: 'cuda:1' });
  });

  it('replaces a worker after an error that leaves it unusable, and calls that no crash', async () => {
    let crashes = 0;
    let starts = 0;
    start(way, { onCrash: () => crashes++, data: () => ++starts });
    await expect(link.call('poison', null)).rejects.toThrow('illegal memory access');
    expect(await link.call('data', null)).toBe(2);
    expect(crashes).toBe(0);
  });

  it('closes at once where nothing is under way, and kills what does not let go', async () => {
    start(way, { graceMs: 20 });
    await link.call('pid', null);
    await link.close();
    await expect(link.call('pid', null)).rejects.toThrow('closed');
    start(way, { graceMs: 20 });
    const blocked = link.call('block', null);
    blocked.catch(() => {});
    await link.call('pid', null);
    await link.close();
    await expect(blocked).rejects.toMatchObject({ name: 'WorkerCrashedError' });
  });
});

describe('a process', () => {
  it.each([
    ['SIGSEGV', 'a fault in native code', 'update the driver'],
    ['SIGABRT', 'a fault in native code', 'update the driver'],
    ['SIGKILL', 'short of memory', 'smaller size'],
  ] as const)('killed by %s is told with the likely cause and what to do', async (signal, cause, hint) => {
    const ends: unknown[] = [];
    start('process', { onCrash: (end, error) => ends.push([end.signal, error?.name]) });
    await expect(link.call('die', signal)).rejects.toMatchObject({
      name: 'WorkerCrashedError',
      message: expect.stringMatching(new RegExp(`${signal}, .*${cause}`)),
      hint: expect.stringContaining(hint),
    });
    expect(ends).toEqual([[signal, 'WorkerCrashedError']]);
  });

  it('that dies while nothing is asked of it is replaced without a word to the next caller', async () => {
    const crashed = Promise.withResolvers<unknown>();
    start('process', { onCrash: (_, error) => crashed.resolve(error) });
    process.kill(await link.call('pid', null), 'SIGKILL');
    expect(await crashed.promise).toBeNull();
    await expect(link.call('double', new Float32Array([4]))).resolves.toEqual(new Float32Array([8]));
  });

  it('passes on what native code writes, and its last lines are in the error', async () => {
    lines.length = 0;
    const words = ['free(): invalid pointer', `${'x'.repeat(5000)}`, 'terminate called'];
    await expect(start('process').call('fault', words)).rejects.toThrow(/It wrote last: free.*x · terminate called$/);
    expect(lines.map((line) => line.length)).toEqual([23, 400, 16]);
  });

  it.each(['wait', 'block'] as const)('ends when its host is killed, also during a call (%s)', async (call) => {
    start('process');
    const host = spawn(process.execPath, ['test/electron/host/link-child.ts', call], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [text] = (await once(host.stdout, 'data')) as [Buffer];
    const pid = Number(text.toString());
    expect(isAlive(pid)).toBe(true);
    host.kill('SIGKILL');
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  it('does not keep its host alive once it is idle', async () => {
    start('process');
    const host = spawn(process.execPath, ['test/electron/host/link-child.ts', 'idle'], { stdio: 'ignore' });
    expect(await once(host, 'exit')).toEqual([0, null]);
  });

  it('leaves SIGINT, SIGTERM and SIGHUP to its host', async () => {
    const pid = await start('process').call('pid', null);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
    expect(await link.call('pid', null)).toBe(pid);
  });
});

/** One that has ended, but that nobody has asked how, is not alive. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
