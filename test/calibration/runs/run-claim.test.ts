import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createRun, openRun } from '../../../calibration/runs/run.ts';
import { claimRun, RunBusyError, runWorker } from '../../../calibration/runs/run-claim.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'claims-'));
});
afterEach(() => rm(root, { recursive: true }));

const CHILD = path.join(import.meta.dirname, 'run-claim-child.ts');

it('a run is claimed once, and leaves no file when it is released', async () => {
  const { folder } = await createRun(root, 'one');
  const claim = await claimRun(folder, 'this test');
  expect(await runWorker(folder)).toMatchObject({ pid: process.pid, purpose: 'this test' });
  await expect(claimRun(folder, 'another')).rejects.toThrow(RunBusyError);
  await expect(claimRun(folder, 'another')).rejects.toThrow(`this test (process ${process.pid} on `);
  await claim.release();
  expect(await runWorker(folder)).toBeNull();
  expect(await readdir(folder)).toEqual(['run.json']);
  await (await claimRun(folder, 'another')).release();
});

it('the claim of a process that is killed is free at once, although its file is there', async () => {
  const { folder } = await createRun(root, 'killed');
  const child = fork(CHILD, ['claim', folder], { execArgv: [] });
  await once(child, 'message');
  expect(await runWorker(folder)).toMatchObject({ pid: child.pid, purpose: 'the child' });
  await expect(claimRun(folder, 'too early')).rejects.toThrow(RunBusyError);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await readdir(folder)).toContain('.run.lock');
  expect(await runWorker(folder)).toBeNull();
  await (await claimRun(folder, 'after it')).release();
});

it('two programs that change one run at once lose nothing of each other', async () => {
  const run = await createRun(root, 'shared');
  const child = fork(CHILD, ['change', run.folder, '40'], { execArgv: [] });
  await once(child, 'message');
  const mine = await openRun(run.folder);
  const ended = once(child, 'exit');
  for (let n = 1; n <= 40; n++) await mine.update({ name: `name ${n}` });
  expect((await ended)[0]).toBe(0);
  const { manifest } = await openRun(run.folder);
  expect(manifest).toMatchObject({ name: 'name 40', seconds: { calibrate: 40 }, revision: 80 });
});

it('a summary of what has changed since is not stored', async () => {
  const run = await createRun(root, 'summary');
  const opened = await openRun(run.folder);
  const summary = {
    ...{ kind: 'generation' as const, tags: [], parent: null, prompt: 'x', sparsity: null, ssim: null, lpips: null },
    ...{ hasTable: false, resumable: false, thumbnail: null },
  };
  await run.update({ name: 'changed' });
  await opened.storeSummary(summary);
  expect((await openRun(run.folder)).manifest).toMatchObject({ name: 'changed', summary: null });
  await run.storeSummary(summary);
  expect((await openRun(run.folder)).manifest.summary).toEqual(summary);
});
