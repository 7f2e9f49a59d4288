import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { claimRun, openRun } from '../../../calibration/index.ts';
import type { Job, JobRequest } from '../../../electron/contract.ts';
import { readNotes } from '../../../electron/host/library/run-notes.ts';
import { createWorkbench, type WorkbenchHost } from '../../../electron/host/workbench-host.ts';
import { PROMPT, runToEnd, SMALL, smallCalibration } from './jobs-of-host.ts';

let library: string;
let host: WorkbenchHost;
let calibrated: string;

beforeAll(async () => {
  library = await mkdtemp(path.join(tmpdir(), 'arrowhead-owner-'));
  host = await createWorkbench({ library });
  calibrated = (await runToEnd(host, smallCalibration())).run!;
});
afterAll(async () => {
  await host.close();
  await rm(library, { recursive: true, force: true });
});

/** Runs a job to its end, and does something in between: when its progress has passed `at`. */
async function interfere(request: JobRequest, at: number, act: (job: Job) => Promise<unknown>): Promise<Job> {
  let acted: Promise<unknown> | null = null;
  const stop = host.subscribe((event) => {
    if (acted !== null || event.event !== 'job.progress' || event.payload.progress.value < at) return;
    acted = host.request('jobs.list', {}).then(({ jobs }) => act(jobs.find(({ id }) => id === event.payload.id)!));
  });
  try {
    const job = await runToEnd(host, request);
    expect(acted, 'the job reported progress').not.toBeNull();
    await acted;
    return job;
  } finally {
    stop();
  }
}

const cancel = ({ id }: Job) => host.request('jobs.cancel', { id });
const sweep = (changes: object = {}) =>
  ({
    ...{ kind: 'sweep', run: calibrated, deltas: [0.2, 1, 4], headConstraints: [null], candidates: null },
    ...{ granularity: 'head', cost: 'flops', samples: [{ prompt: PROMPT, seed: 3 }] },
    ...changes,
  }) as JobRequest;

describe('a run has one owner', () => {
  it('keeps the name and the tags that it gets while it is calibrated', async () => {
    const request = smallCalibration({ seeds: [11], evaluate: [{ prompt: PROMPT, seed: 1 }] });
    const job = await interfere(request, 0.2, async ({ run }) => {
      await host.request('runs.rename', { run: run!, name: 'mine' });
      await host.request('runs.setTags', { run: run!, tags: ['good'] });
    });
    expect(job).toMatchObject({ status: 'finished', error: null });
    const { summary, pictures } = await host.request('runs.open', { run: job.run! });
    expect(summary).toMatchObject({ name: 'mine', tags: ['good'], status: 'finished' });
    expect(pictures).toHaveLength(1);
  });

  it('a cancelled sweep says what it keeps, and goes on where it was', async () => {
    const cancelled = await interfere(sweep(), 0.3, cancel);
    expect(cancelled).toMatchObject({
      status: 'cancelled',
      error: { message: expect.stringContaining('the points measured so far are kept') },
    });
    const before = await host.request('runs.open', { run: cancelled.run! });
    expect(before.summary).toMatchObject({ status: 'cancelled', resumable: true, kind: 'sweep' });
    const resumed = await runToEnd(host, { kind: 'resume', run: cancelled.run! });
    expect(resumed).toMatchObject({ status: 'finished', error: null, run: cancelled.run });
    const after = await host.request('runs.open', { run: cancelled.run! });
    expect(after.sweep).toHaveLength(3);
    expect(after.sweep.slice(0, before.sweep.length)).toMatchObject(
      before.sweep.map(({ onFront: _, ...point }) => point),
    );
  });

  it('a cancelled generation speaks of its pictures, not of a calibration', async () => {
    const samples = [1, 2, 3].map((seed) => ({ prompt: PROMPT, seed }));
    const sampling = { ...SMALL, steps: 12 };
    const request = { kind: 'generate', model: null, samples, sampling, plan: null, compare: false } as const;
    const job = await interfere({ ...request, samples: [...samples] }, 0.4, cancel);
    expect(job.error?.message).toBe('Cancelled: the pictures made so far are kept.');
  });

  it('is left alone while another program works on it: the message says who does', async () => {
    const request = smallCalibration({ seeds: [12] });
    const { run } = await interfere(request, 0.3, cancel);
    const claim = await claimRun(path.join(library, run!), 'arrowhead calibrate');
    try {
      const listed = (await host.request('runs.list', {})).runs.find(({ id }) => id === run);
      expect(listed).toMatchObject({ status: 'cancelled' });
      const job = await runToEnd(host, { kind: 'resume', run: run! });
      expect(job).toMatchObject({ status: 'failed', error: { name: 'RunBusyError' } });
      expect(job.error?.message).toMatch(/arrowhead calibrate \(process \d+ on /);
      await expect(host.request('runs.delete', { run: run! })).rejects.toMatchObject({ name: 'RunBusyError' });
    } finally {
      await claim.release();
    }
    expect(await runToEnd(host, { kind: 'resume', run: run! })).toMatchObject({ status: 'finished' });
  });

  it('keeps notes that it cannot read beside the new ones', async () => {
    const file = path.join(library, calibrated, 'workbench.json');
    const newer = '{"format":"arrowhead-workbench","version":7,"tags":["precious"]}';
    await writeFile(file, newer);
    await host.request('runs.setTags', { run: calibrated, tags: ['new'] });
    expect(await readFile(`${file}.unreadable`, 'utf8')).toBe(newer);
    expect(await readNotes(path.join(library, calibrated))).toMatchObject({ tags: ['new'], kind: 'calibration' });
  });

  it('lists from run.json alone: a scheme is read again only when it is newer', async () => {
    const inList = async () => (await host.request('runs.list', {})).runs.find(({ id }) => id === calibrated)!;
    const summary = async () => (await openRun(path.join(library, calibrated))).manifest.summary;
    const before = await inList();
    const { sparsity } = before;
    await vi.waitFor(async () =>
      expect(await summary()).toMatchObject({ kind: 'calibration', sparsity, hasTable: true }),
    );
    const scheme = path.join(library, calibrated, 'scheme.scheme.json');
    await writeFile(scheme, 'not read');
    await utimes(scheme, 0, 0);
    expect(await inList()).toEqual(before);
    await writeFile(scheme, 'read');
    await utimes(scheme, new Date(), new Date(Date.now() + 60_000));
    expect(await inList()).toEqual({ ...before, sparsity: null });
  });

  it('a library has one host: a second one is told who has it, and reading stays free', async () => {
    await expect(createWorkbench({ library })).rejects.toMatchObject({
      name: 'LibraryBusyError',
      message: expect.stringContaining(`process ${process.pid} on `),
      hint: expect.stringContaining('ARROWHEAD_LIBRARY'),
    });
    expect((await openRun(path.join(library, calibrated))).manifest.status).toBe('finished');
  });

  it('of two schemes saved under one name at once, one is refused', async () => {
    const tuning = { run: calibrated, delta: 1, headConstraint: null, granularity: 'head' as const };
    const save = () =>
      host.request('calibration.saveScheme', { ...tuning, name: 'twice', candidates: null, cost: 'flops', pins: [] });
    const saved = await Promise.allSettled([save(), save(), save()]);
    expect(saved.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
  });
});
