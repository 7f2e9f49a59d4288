import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { WorkerLink as Link } from '../../../electron/host/workers/worker-link.ts';
import type { TestCalls } from '../host/test-worker.ts';
import { electron } from './fake-electron.ts';

vi.mock('electron', async () => (await import('./fake-electron.ts')).electron);
const { endOf, startUtilityProcess } = await import('../../../electron/main/utility-process.ts');
const { WorkerLink } = await import('../../../electron/host/workers/worker-link.ts');

const ENTRY = new URL('../host/test-worker.ts', import.meta.url);
const lines: string[] = [];
let link: Link<TestCalls>;
beforeAll(() => electron.launch(async () => {}));
afterEach(() => link?.close());

function start() {
  const process = startUtilityProcess(ENTRY, (line) => lines.push(line));
  link = new WorkerLink<TestCalls>(process, 'test worker', { data: () => ({ device: 'cpu' }), graceMs: 20 });
  return link;
}

it('carries calls to a process of Electron’s, typed arrays and start data included', async () => {
  expect(await start().call('data', null)).toEqual({ device: 'cpu' });
  expect(await link.call('double', new Float32Array([1, 2]))).toEqual(new Float32Array([2, 4]));
  await expect(link.call('fail', null)).rejects.toMatchObject({ name: 'TestError', hint: 'ask for something else' });
  expect(await link.call('pid', null)).not.toBe(process.pid);
});

it('tells the signal that ended it and what it wrote last, and starts another', async () => {
  await expect(start().call('fault', ['CUDA driver error', 'giving up'])).rejects.toMatchObject({
    name: 'WorkerCrashedError',
    message: expect.stringMatching(/SIGSEGV, .* CUDA driver error · giving up$/),
  });
  expect(lines).toEqual(['CUDA driver error', 'giving up']);
  await expect(link.call('die', 'throw')).rejects.toThrow('stopped: a fault outside of any call');
  expect(await link.call('data', null)).toEqual({ device: 'cpu' });
});

it('is killed where it does not end by itself', async () => {
  const blocked = start().call('block', null);
  blocked.catch(() => {});
  await link.call('pid', null);
  await link.close();
  await expect(blocked).rejects.toMatchObject({ name: 'WorkerCrashedError' });
});

it.each([
  [0, 'linux', { code: 0, signal: null }],
  [1, 'linux', { code: 1, signal: null }],
  [9, 'darwin', { code: null, signal: 'SIGKILL' }],
  [11, 'linux', { code: null, signal: 'SIGSEGV' }],
  [0x80 + 6, 'linux', { code: null, signal: 'SIGABRT' }],
  [7 << 8, 'linux', { code: 7, signal: null }],
  [0xc0000005, 'win32', { code: 0xc0000005, signal: null }],
] as const)('status %d on %s', (status, platform, end) => {
  expect(endOf(status, platform)).toEqual(end);
});
