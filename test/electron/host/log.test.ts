import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { errorForLog } from '../../../electron/host/log/describe-for-log.ts';
import { type Log, openLog } from '../../../electron/host/log/log.ts';
import { WindowReports } from '../../../electron/host/log/window-reports.ts';
import { createWorkbench } from '../../../electron/host/workbench-host.ts';
import { runToEnd, SMALL } from './jobs-of-host.ts';
import { WatchedEngine } from './watched-engine.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arrowhead-log-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

const textOf = (log: Log) => readFile(log.file!, 'utf8');

describe('a log', () => {
  it('appends one line per entry, whatever is in it, and remembers the last ones', async () => {
    const log = openLog(path.join(folder, 'logs'));
    log.write('info', 'host', 'started');
    log.write('error', 'window', 'two\nlines \u001b[31mand red');
    log.write('debug', 'host', 'not asked for');
    openLog(path.join(folder, 'logs')).write('info', 'host', 'started again');
    const lines = (await textOf(log)).trim().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z info {2}host {3}started$/);
    expect(lines[1]).toMatch(/error window two lines {2}\[31mand red$/);
    expect(log.last(1)).toEqual([lines[1]]);
  });

  it('is rotated by size, and three files of earlier entries are kept', async () => {
    const log = openLog(folder, { maxSize: 2000 });
    for (let n = 0; n < 200; n++) log.write('info', 'host', `entry ${n} ${'x'.repeat(80)}`);
    const files = (await readdir(folder)).sort();
    expect(files).toEqual(['arrowhead.1.log', 'arrowhead.2.log', 'arrowhead.3.log', 'arrowhead.log']);
    for (const file of files) expect((await stat(path.join(folder, file))).size).toBeLessThan(2300);
    expect(await textOf(log)).toContain('entry 199 ');
  });

  it('without a folder to write to keeps its entries in memory', async () => {
    await writeFile(path.join(folder, 'file'), '');
    const log = openLog(path.join(folder, 'file', 'logs'));
    log.write('error', 'host', 'no place');
    expect(log.file).toBeNull();
    expect(log.last(9)).toEqual([expect.stringContaining('no place')]);
  });

  it('tells errors of host and engine as they come', () => {
    const heard: string[] = [];
    const log = openLog(folder, { onError: (entry) => heard.push(entry) });
    log.write('error', 'engine', 'stopped');
    log.write('error', 'window', 'its own matter');
    log.write('warn', 'host', 'no error');
    expect(heard).toEqual([expect.stringContaining('stopped')]);
  });
});

it('an error is told by class, code and place; its message only where it quotes nobody, or is asked for', () => {
  const error = Object.assign(new Error('the prompt "wombat" is odd'), { name: 'PromptError', code: 'ODD' });
  expect(errorForLog(error, { isDetailed: false })).toMatch(/^PromptError ODD at .*log\.test\.ts:\d+/);
  expect(errorForLog(error, { isDetailed: false })).not.toContain('wombat');
  expect(errorForLog(error, { isDetailed: true })).toContain('wombat');
  const page = {
    name: 'TypeError',
    message: 'x is null',
    stack: 'TypeError: x\n    at f (http://h/a.js?token=abc:1:2)',
  };
  expect(errorForLog(page, { isDetailed: false })).toBe('TypeError: x is null at f (http://h/a.js:1:2)');
});

it('takes a bounded number of reports of windows in a minute', () => {
  const log = openLog(folder);
  const reports = new WindowReports(log);
  for (let n = 0; n < 500; n++) reports.take({ level: 'error', name: 'TypeError', message: `fault ${n}`, stack: '' });
  expect(log.last(1)[0]).toContain('TypeError: fault 59');
});

it('of a host holds jobs, failures and the end of its engine, and no word that was typed', async () => {
  const heard: string[] = [];
  const log = openLog(path.join(folder, 'logs'), { onError: (entry) => heard.push(entry) });
  const engine = new WatchedEngine();
  const host = await createWorkbench({ library: path.join(folder, 'runs'), log, startProcess: engine.start });
  onTestFinished(() => host.close());
  const generate = (steps: number) => ({
    ...{ kind: 'generate' as const, model: null, plan: null, compare: false, name: 'Quokka title' },
    ...{ samples: [{ prompt: 'a wombat in zzyzx', seed: 3 }], sampling: { ...SMALL, steps } },
  });
  const made = await runToEnd(host, generate(1));
  expect(made).toMatchObject({ status: 'finished', error: null });
  await runToEnd(host, { ...generate(1), sampling: { ...SMALL, width: 100 } });
  const stop = host.subscribe(({ event }) => {
    if (event !== 'job.progress') return;
    stop();
    engine.signal('SIGSEGV');
  });
  expect(await runToEnd(host, { ...generate(300), name: 'Quokka again' })).toMatchObject({ status: 'failed' });
  await host.request('runs.rename', { run: made.run!, name: 'Quokka' });
  await expect(host.request('runs.open', { run: 'zzyzx-wombat' })).rejects.toThrow();
  await expect(host.request('models.add', { folder: '/nowhere' })).rejects.toThrow();
  await host.request('log.report', {
    level: 'error',
    name: 'Error',
    message: 'wombat',
    stack: 'Error\n    at paint (a.js)',
  });
  expect((await host.request('hello', { version: 1 })).log).toBe(log.file);
  await expect(host.request('log.reveal', {})).rejects.toThrow('desktop window');

  const text = await textOf(log);
  for (const typed of ['wombat', 'zzyzx', 'Quokka', 'quokka']) expect(text).not.toContain(typed);
  for (const told of [
    /host {3}Arrowhead \d/,
    /job [\da-f]{8} finished after [\d.]+ s \(generate, 128×128, 1 steps, 1 samples\)/,
    /job [\da-f]{8} failed .*SamplingError/,
    /engine opened a model of flux on /,
    /engine stopped: SIGSEGV, a fault in native code/,
    /job [\da-f]{8} failed .*WorkerCrashedError/,
    /runs\.open failed: NotFoundError at /,
    /window Error at paint \(a\.js\)/,
  ]) {
    expect(text).toMatch(told);
  }
  expect(heard.join('\n')).toMatch(/stopped: SIGSEGV/);
});
