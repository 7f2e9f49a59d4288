import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { runToEnd, smallCalibration } from '../electron/host/jobs-of-host.ts';
import type { Campaign, Trial } from './campaign.ts';
import { runArrowhead, startServed } from './served.ts';
import { calibrateArguments, hashesOf, SMALL } from './small-job.ts';

const run = promisify(execFile);

/** A library on a disk of a few hundred KB, and on one that cannot be written to. */
export const fullAndReadOnlyDisks: Campaign = {
  name: 'full and read-only disks',
  async run(trial) {
    const disk = path.join(trial.folder, 'disk');
    await mkdir(disk);
    try {
      await run('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk]);
    } catch (error) {
      trial.skipped.push(`no disk can be mounted here (${(error as Error).message.split('\n')[0]})`);
      return;
    }
    try {
      await fillUp(trial, disk);
      await readOnly(trial, disk);
    } finally {
      await run('umount', [disk]);
    }
  },
};

async function resize(disk: string, size: string): Promise<void> {
  await run('mount', ['-o', `remount,rw,size=${size}`, disk]);
}

async function fillUp(trial: Trial, disk: string): Promise<void> {
  const whole = path.join(disk, 'whole');
  const undisturbed = await runArrowhead(calibrateArguments(whole));
  trial.check(undisturbed.code === 0, `an undisturbed calibration: ${undisturbed.stderr.slice(-300)}`);
  const expected = await hashesOf(whole);
  const used = Number((await run('du', ['-sk', disk])).stdout.split(/\s/)[0]);
  for (const kilobytes of [4, 12, 24, 48, 96]) {
    const out = path.join(disk, `run-${kilobytes}`);
    await resize(disk, `${used + kilobytes}k`);
    const { code, stderr } = await runArrowhead(calibrateArguments(out));
    trial.count(code === 0 ? 'runs that fitted' : 'runs that did not fit');
    if (code !== 0) trial.check(/full|ENOSPC/i.test(stderr), `a full disk is not called so: ${stderr.slice(-300)}`);
    const names = await readdir(out).catch(() => null);
    trial.check(names === null || names.length > 0, 'an empty run folder is left');
    trial.check(!names?.some((name) => name.endsWith('.tmp')), `temporary files are left: ${names}`);
    for (const name of names?.filter((file) => file.endsWith('.json')) ?? []) {
      const text = await readFile(path.join(out, name), 'utf8');
      trial.check(isJson(text), `${name} is half written`);
    }
    await resize(disk, '64m');
    if (code !== 0) {
      const again = names?.includes('calibration.journal.safetensors') ? ['--resume'] : ['--force'];
      const resumed = await runArrowhead([...calibrateArguments(out), ...again]);
      trial.check(resumed.code === 0, `with space again: ${resumed.stderr.slice(-300)}`);
    }
    trial.check((await hashesOf(out)) === expected, `run-${kilobytes} ends with other bytes`);
    await run('rm', ['-r', out]);
  }

  const library = path.join(disk, 'library');
  const served = await startServed(library);
  const before = await runToEnd(served.workbench, smallCalibration({ sampling: SMALL }));
  trial.check(before.status === 'finished', `a job on a disk with space is ${before.status}`);
  const taken = Number((await run('du', ['-sk', disk])).stdout.split(/\s/)[0]);
  await resize(disk, `${taken + 8}k`);
  const full = await runToEnd(served.workbench, smallCalibration({ sampling: { ...SMALL, steps: 8 } }));
  trial.check(full.status === 'failed', `a job on a full disk is ${full.status}`);
  trial.check(/full|ENOSPC/i.test(full.error?.message ?? ''), `a full disk is not called so: ${full.error?.message}`);
  await resize(disk, '64m');
  const after = await runToEnd(served.workbench, smallCalibration({ sampling: { ...SMALL, steps: 5 } }));
  trial.check(after.status === 'finished', `a job with space again is ${after.status}: ${after.error?.message}`);
  const { unreadable } = await served.workbench.request('runs.list', {});
  trial.check(unreadable.length === 0, `unreadable: ${JSON.stringify(unreadable)}`);
  trial.count('full disks under the server');
  trial.check((await served.end('SIGTERM')) === 0, 'the server did not end in order');
}

async function readOnly(trial: Trial, disk: string): Promise<void> {
  const library = path.join(disk, 'library');
  await run('mount', ['-o', 'remount,ro', disk]);
  const { code, stderr } = await runArrowhead(calibrateArguments(path.join(disk, 'another')));
  trial.check(
    code === 1 && /read-only|EROFS/i.test(stderr),
    `a read-only disk is not called so: ${stderr.slice(-300)}`,
  );
  const served = await startServed(library).catch((error: Error) => error);
  if (served instanceof Error) {
    trial.check(/read-only|EROFS/i.test(served.message), `a read-only library: ${served.message}`);
    trial.count('read-only libraries refused by name');
    return;
  }
  const { runs } = await served.workbench.request('runs.list', {});
  trial.check(runs.length > 0, 'a read-only library shows no runs');
  const renamed = await served.workbench
    .request('runs.rename', { run: runs[0]!.id, name: 'x' })
    .catch((error: Error) => error.message);
  trial.check(/read-only|EROFS/i.test(String(renamed)), `renaming there: ${JSON.stringify(renamed)}`);
  const job = await runToEnd(served.workbench, smallCalibration({ sampling: SMALL }));
  trial.check(
    job.status === 'failed' && /read-only|EROFS/i.test(job.error?.message ?? ''),
    `a job there is ${job.status}: ${job.error?.message}`,
  );
  trial.count('read-only libraries served');
  trial.check((await served.end('SIGTERM')) === 0, 'the server did not end in order');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
