import { describe, expect, it, vi } from 'vitest';
import type { Job, JobRequest, Progress } from '../../../electron/contract.ts';
import { JobQueue, type RunJob } from '../../../electron/host/jobs/job-queue.ts';
import type { CallReport } from '../../../electron/host/workers/call-messages.ts';

const resume = (run: string): JobRequest => ({ kind: 'resume', run });

/** A queue whose jobs end when the test says so, and at once when they are cancelled unless `onAbort` does otherwise. */
function controlledQueue(onAbort = (reject: (reason: unknown) => void, signal: AbortSignal) => reject(signal.reason)) {
  const changes: Job[] = [];
  const progress: Progress[] = [];
  const removed: string[] = [];
  const wrote: string[] = [];
  const running: {
    run: string;
    end: () => void;
    fail: (error: Error) => void;
    report: (report: CallReport) => void;
  }[] = [];
  const work: RunJob = (request, { signal, onReport }) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => onAbort(reject, signal));
      running.push({
        run: request.kind === 'resume' ? request.run : '',
        end: () => resolve('made'),
        fail: reject,
        report: onReport,
      });
    });
  const queue = new JobQueue(work, {
    changed: (job) => changes.push(job),
    progress: (_, value) => progress.push(value),
    removed: (id) => removed.push(id),
    wrote: (run) => wrote.push(run),
  });
  const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 5));
  const job = (id: string) => queue.list().find((listed) => listed.id === id);
  return { queue, changes, progress, removed, wrote, running, settled, job };
}

describe('JobQueue', () => {
  it('runs one job at a time, in order, and tells their places', async () => {
    const { queue, running, settled, job } = controlledQueue();
    const ids = ['a', 'b', 'c'].map((run) => queue.start(resume(run), run).id);
    expect(running.map(({ run }) => run)).toEqual(['a']);
    expect(ids.map((id) => job(id)?.position)).toEqual([0, 1, 2]);
    expect(queue.list().map(({ status }) => status)).toEqual(['running', 'queued', 'queued']);
    running[0]!.end();
    await expect(queue.finished(ids[0]!)).resolves.toBe('made');
    await settled();
    expect(running.map(({ run }) => run)).toEqual(['a', 'b']);
    expect(ids.map((id) => job(id)?.position)).toEqual([0, 0, 1]);
    expect(job(ids[0]!)).toMatchObject({ status: 'finished', error: null, progress: { value: 1 } });
  });

  it('does not queue the same request twice while it waits or runs, whatever the order of its fields', async () => {
    const { queue, running, settled } = controlledQueue();
    const first = queue.start({ kind: 'resume', run: 'a' }, 'a');
    expect(queue.start({ run: 'a', kind: 'resume' }, 'a')).toEqual({ id: first.id, duplicate: true });
    running[0]!.end();
    await settled();
    expect(queue.start(resume('a'), 'a').duplicate).toBe(false);
  });

  it('a failed job tells why, and the next one runs', async () => {
    const { queue, running, settled, job } = controlledQueue();
    const [a, b] = ['a', 'b'].map((run) => queue.start(resume(run), run).id) as [string, string];
    running[0]!.fail(Object.assign(new Error('no space'), { name: 'FileWriteError', hint: 'Free some.' }));
    await settled();
    expect(job(a)).toMatchObject({
      status: 'failed',
      error: { name: 'FileWriteError', message: 'no space', hint: 'Free some.' },
    });
    expect(job(b)?.status).toBe('running');
  });

  it('cancels the running job through its signal, a queued one at once, and forgets an ended one', async () => {
    const { queue, settled, job, removed, running } = controlledQueue();
    const [a, b] = ['a', 'b'].map((run) => queue.start(resume(run), run).id) as [string, string];
    queue.cancel(b);
    expect(job(b)).toMatchObject({ status: 'cancelled', error: { name: 'CancelledError' } });
    queue.cancel(a);
    await settled();
    expect(job(a)).toMatchObject({ status: 'cancelled', error: { name: 'CancelledError' } });
    expect(running).toHaveLength(1);
    queue.cancel(a);
    expect(removed).toEqual([a]);
    expect(() => queue.cancel(a)).toThrow('There is no job');
  });

  it('a job that fails for another reason while it is cancelled has failed, and says why', async () => {
    const { queue, settled, job, running } = controlledQueue(() => {});
    const { id } = queue.start(resume('a'), 'a');
    queue.cancel(id);
    running[0]!.fail(Object.assign(new Error('the disk is full'), { name: 'FileWriteError' }));
    await settled();
    expect(job(id)).toMatchObject({ status: 'failed', error: { message: 'the disk is full' } });
  });

  it('a listener that throws stops neither the job nor those behind it', async () => {
    const throws = () => {
      throw new Error('a listener of a closed window');
    };
    const running: { end: () => void; report: (report: CallReport) => void }[] = [];
    const work: RunJob = (_, { onReport }) =>
      new Promise((resolve) => void running.push({ end: () => resolve('made'), report: onReport }));
    const queue = new JobQueue(work, { changed: throws, progress: throws, removed: throws, wrote: throws });
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const [a, b] = ['a', 'b'].map((run) => queue.start(resume(run), run).id) as [string, string];
    running[0]!.report({ kind: 'progress', progress: { value: 0.5, title: 'Work', detail: '' } });
    running[0]!.report({ kind: 'run', run: 'folder-a' });
    running[0]!.end();
    await expect(queue.finished(a)).resolves.toBe('made');
    running[1]!.end();
    await expect(queue.finished(b)).resolves.toBe('made');
    expect(queue.list().map(({ status }) => status)).toEqual(['finished', 'finished']);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('a listener of a closed window'), 'ListenerWarning');
    warn.mockRestore();
  });

  it('progress never falls, comes a few times a second, and has an ETA', async () => {
    const { queue, running, progress, settled } = controlledQueue();
    queue.start(resume('a'), 'a');
    for (const value of [0.1, 0.5, 0.3, 0.6]) {
      running[0]!.report({ kind: 'progress', progress: { value, title: 'Work', detail: '', etaSeconds: 9 } });
    }
    expect(progress.map(({ value }) => value)).toEqual([0.1]);
    await new Promise((resolve) => setTimeout(resolve, 130));
    expect(progress.map(({ value }) => value)).toEqual([0.1, 0.6]);
    expect(progress[1]).toMatchObject({ title: 'Work', etaSeconds: 9 });
    running[0]!.report({ kind: 'progress', progress: { value: 0.2, title: 'Work', detail: '' } });
    running[0]!.end();
    await settled();
    expect(queue.list()[0]).toMatchObject({ status: 'finished', progress: { value: 1, etaSeconds: 0 } });
  });

  it('tells the run that a job writes, and which runs are in use', async () => {
    const { queue, running, wrote, settled, changes } = controlledQueue();
    queue.start(resume('a'), 'a');
    running[0]!.report({ kind: 'run', run: 'folder-a' });
    running[0]!.report({ kind: 'run', run: 'folder-a' });
    expect([...queue.runsInUse()]).toEqual(['folder-a']);
    expect(wrote).toEqual(['folder-a', 'folder-a']);
    running[0]!.report({ kind: 'notice', text: 'words ignored: unicorn' });
    expect(changes.at(-1)).toMatchObject({ run: 'folder-a', notices: ['words ignored: unicorn'] });
    running[0]!.end();
    await settled();
    expect([...queue.runsInUse()]).toEqual([]);
  });

  it('remembers the latest ended jobs only', async () => {
    const { queue, running, removed, settled } = controlledQueue();
    for (let n = 0; n < 40; n++) {
      queue.start(resume(`run-${n}`), '');
      running[n]!.end();
      await settled();
    }
    expect(queue.list()).toHaveLength(30);
    expect(removed).toHaveLength(10);
    expect(queue.list()[0]?.request).toEqual(resume('run-39'));
  });

  it('takes no more than can be meant', () => {
    const { queue } = controlledQueue();
    for (let n = 0; n < 256; n++) queue.start(resume(`run-${n}`), '');
    expect(() => queue.start(resume('one-more'), '')).toThrow('256 jobs are waiting');
    expect(queue.start(resume('run-3'), '').duplicate).toBe(true);
  });

  it('closing cancels everything and waits; nothing starts afterwards', async () => {
    const { queue, running } = controlledQueue();
    queue.start(resume('a'), 'a');
    queue.start(resume('b'), 'b');
    await queue.close();
    expect(queue.list().map(({ status }) => status)).toEqual(['cancelled', 'cancelled']);
    expect(running).toHaveLength(1);
    expect(() => queue.start(resume('c'), 'c')).toThrow('closing');
  });
});
